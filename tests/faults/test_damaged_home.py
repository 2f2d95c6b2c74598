"""What is damaged on the disk is read again from its delivery, or named with what to do; it is never published."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.errors import EnvironmentNotReady
from pipelines.home import Home
from pipelines.landing.land import land, land_whole
from pipelines.practice import Practice

ROLLOUT = "program_name,location_id,go_live_on,updated_at\nreach,north,2026-03-01,2026-03-31T00:00:00Z\n"


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def rows(folder: Path) -> Path:
    return folder / "rows.parquet"


def manifest(folder: Path) -> Path:
    return folder / "manifest.json"


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a flipped byte in the rows": lambda folder: flip_a_byte(rows(folder)),
    "rows cut off": lambda folder: cut(rows(folder)),
    "no rows": lambda folder: rows(folder).unlink(),
    "no manifest": lambda folder: manifest(folder).unlink(),
    "a manifest cut off": lambda folder: cut(manifest(folder)),
    "the manifest of another file": lambda folder: manifest(folder).write_text(
        json.dumps(json.loads(manifest(folder).read_text()) | {"file_key": "another"})
    ),
    "no folder": lambda folder: shutil.rmtree(folder),
    "an empty folder": lambda folder: [path.unlink() for path in folder.iterdir()],
}


@pytest.fixture
def practice(tmp_path: Path) -> Practice:
    folder = tmp_path / "crm"
    folder.mkdir()
    for month in ("03-31", "04-30"):
        (folder / f"program_rollout_2026-{month}.csv").write_text(ROLLOUT.replace("03-31T", f"{month}T"))
    return Practice("p", "P", "UTC", {"crm": folder})


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def landed_folders(home: Home) -> list[Path]:
    return sorted(path for path in (home.landing("p") / "crm" / "program_rollout").iterdir())


def contents(home: Home) -> dict[str, bytes]:
    root = home.landing("p")
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_landed_folder_is_read_again_from_its_delivery(home, practice, damage):
    land(practice, home)
    whole = contents(home)
    DAMAGE[damage](landed_folders(home)[0])
    assert contents(home) != whole
    land_whole(practice, home)
    assert contents(home) == whole


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_landed_folder_whose_delivery_is_gone_is_named_until_it_is_delivered_again(home, practice, damage):
    """In another place, the content is the same; a build without it would drop its patients without a word."""
    land(practice, home)
    whole = contents(home)
    gone = practice.sources["crm"] / "program_rollout_2026-03-31.csv"
    (folder,) = [one for one in landed_folders(home) if gone.name in manifest(one).read_text()]
    content = gone.read_bytes()
    gone.unlink()
    DAMAGE[damage](folder)
    for _ in range(2):
        with pytest.raises(EnvironmentNotReady, match=gone.name):
            land_whole(practice, home)
    (gone.parent / "again").mkdir()
    (gone.parent / "again" / "program_rollout.csv").write_bytes(content)
    land_whole(practice, home)
    assert rows(folder).read_bytes() == whole[str(rows(folder).relative_to(home.landing("p")))]


@pytest.mark.parametrize("lost", [["deliveries.json"], ["deliveries.json", "deliveries.copy.json"]])
@pytest.mark.parametrize("damage", [cut, Path.unlink])
def test_a_ledger_that_is_cut_off_or_missing_is_made_again_though_its_files_are_gone(home, practice, lost, damage):
    ledger = land(practice, home).ledger
    for file in practice.sources["crm"].iterdir():
        file.unlink()
    for name in lost:
        damage(home.landing("p") / name)
    assert land(practice, home).ledger == ledger


def test_a_folder_of_before_there_were_hashes_is_given_them_and_not_read_again(home, practice):
    land(practice, home)
    before = contents(home)
    for folder in landed_folders(home):
        stated = json.loads(manifest(folder).read_text())
        manifest(folder).write_text(json.dumps({name: stated[name] for name in stated if name not in ("files", "file_key")}))
    shutil.rmtree(practice.sources["crm"])
    practice.sources["crm"].mkdir()
    land(practice, home)
    assert {name for name, content in contents(home).items() if content != before[name]} == {
        str(manifest(folder).relative_to(home.landing("p"))) for folder in landed_folders(home)
    }
    flip_a_byte(rows(landed_folders(home)[0]))
    with pytest.raises(EnvironmentNotReady):
        land_whole(practice, home)
