"""What is damaged of what was published is found by doctor and by each run, and published anew."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.home import Home
from pipelines.warehouse import dbt_project
from tests.conftest import Done, Once
from tests.faults.conftest import ROLLOUT, Run, Scene, left_over, tables


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


SEEN_AT_ONCE: dict[str, Callable[[Path], object]] = {
    "no warehouse": lambda folder: (folder / "warehouse.duckdb").unlink(),
    "a warehouse cut off": lambda folder: cut(folder / "warehouse.duckdb"),
    "a warehouse of zeros": lambda folder: (folder / "warehouse.duckdb").write_bytes(
        bytes((folder / "warehouse.duckdb").stat().st_size)
    ),
    "no de-identified file": lambda folder: (folder / "deidentified.duckdb").unlink(),
    "no list": lambda folder: (folder / "outreach_list.csv").unlink(),
    "no manifest": lambda folder: (folder / "manifest.json").unlink(),
    "a manifest cut off": lambda folder: cut(folder / "manifest.json"),
}


QUICK = ("no warehouse",)


@pytest.fixture
def published(once: Once, scene: Scene, short_run: Run, tmp_path: Path) -> Path:
    """A home in which everything that was delivered is published."""

    def make(folder: Path) -> None:
        shutil.copytree(scene.home, folder / "home", symlinks=True)
        assert short_run(folder / "home", scene.practice).returncode == 0

    return Path(shutil.copytree(once("all-published", make) / "home", tmp_path / "home", symlinks=True))


def shown(home: Path) -> Path:
    return (home / "published" / "current").resolve()


def told(done: Done) -> dict[str, dict]:
    """What doctor says, by what it looked at."""
    return {one["what"]: one for one in json.loads(done.stdout[: done.stdout.rindex("]") + 1])}


@pytest.mark.parametrize(
    "damage", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in SEEN_AT_ONCE]
)
def test_a_damaged_publication_is_named_by_doctor_and_published_anew_by_the_next_run(published, scene, short_run, damage):
    expected = tables(published)
    broken = shown(published)
    SEEN_AT_ONCE[damage](broken)
    doctor = short_run(published, scene.practice, "doctor", "--json")
    found = told(doctor)["Publications"]
    assert (doctor.returncode, found["is_well"], "caregap run" in found["remedy"]) == (13, False, True)
    run = short_run(published, scene.practice)
    assert run.returncode == 0, run.stdout
    assert json.loads(run.stdout)["is_new"]
    assert tables(published) == expected
    assert not broken.exists() and left_over(published) == []
    assert told(short_run(published, scene.practice, "doctor", "--json"))["Publications"]["is_well"]


def test_a_flipped_byte_is_found_by_a_deep_look_and_made_good_by_the_next_run(published, scene, short_run):
    """In the warehouse, which keeps its size, and in landed rows, although nothing new was delivered."""
    expected = tables(published)
    broken, landed = shown(published), sorted(published.glob("landing/test/crm/*/*/rows.parquet"))[0]
    for path in (broken / "warehouse.duckdb", landed):
        flip_a_byte(path)
    assert all(
        one["is_well"] for name, one in told(short_run(published, scene.practice, "doctor", "--json")).items() if "of" in name
    )
    deep = short_run(published, scene.practice, "doctor", "--deep", "--json")
    assert deep.returncode == 13
    found = told(deep)
    assert "warehouse.duckdb has another content" in found["Publications"]["state"]
    assert "rows.parquet has another content" in found["Landing of test"]["state"]
    run = short_run(published, scene.practice)
    assert run.returncode == 0, run.stdout
    assert tables(published) == expected
    again = told(short_run(published, scene.practice, "doctor", "--deep", "--json"))
    assert again["Publications"]["is_well"] and again["Landing of test"]["is_well"]


def test_doctor_tells_of_the_last_run_and_of_the_space_that_a_run_needs(published, scene, short_run):
    short_run(published, scene.practice, CAREGAP_FAULT="settle.done:enospc")
    found = told(short_run(published, scene.practice, "doctor", "--json"))
    assert "the disk is full" in found["Last run"]["state"]
    assert found["Space"]["is_well"] and "a run needs about" in found["Space"]["state"]


def test_a_damaged_file_of_what_was_published_is_named_and_not_read(published, scene, short_run):
    """A month as it was published first: no run can make it again."""
    (month,) = published.glob("history/test/gap_months/*.parquet")
    flip_a_byte(month)
    doctor = short_run(published, scene.practice, "doctor", "--json")
    assert month.name in told(doctor)["History"]["state"]
    practice = Path(shutil.copytree(scene.practice, published.parent / "practice"))
    (practice / "crm" / "program_rollout_2026-05-31.csv").write_text(ROLLOUT.format(site="up"))
    run = short_run(published, practice)
    assert run.returncode == 13 and month.name in run.stdout and "backup" in run.stdout
    month.unlink()
    assert short_run(published, practice).returncode == 0


def test_a_parsed_project_that_is_damaged_is_parsed_again(parsed_dbt, tmp_path, monkeypatch):
    home = Home(tmp_path)
    shutil.copytree(parsed_dbt, home.dbt)
    parsed = []
    monkeypatch.setattr(dbt_project, "_parse", parsed.append)
    monkeypatch.setattr(dbt_project, "SHIPPED", tmp_path / "none")
    folder = dbt_project.parsed_project(home)
    assert parsed == []
    flip_a_byte(folder / dbt_project.PARSED)
    dbt_project.parsed_project(home)
    assert parsed == [folder]
