"""A backup brings everything back that no run can make again, on another machine, or says that it is damaged."""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.sealed import sha256
from tests.conftest import Once
from tests.faults.conftest import Run, Scene, left_over, tables


@pytest.fixture(scope="module")
def backed_up(once: Once, scene: Scene, short_run: Run) -> Path:
    """Folder `home`: one that has published everything; `to`: its backup; `elsewhere`: the practice's settings alone."""

    def make(folder: Path) -> None:
        home = Path(shutil.copytree(scene.home, folder / "home", symlinks=True))
        assert short_run(home, scene.practice).returncode == 0
        (home / "access").mkdir()
        (home / "access" / "streamlit_secrets.toml").write_text('cookie_secret = "s3cret"')
        (home / "access.toml").write_text("[roles]\n")
        done = short_run(home, scene.practice, "backup", str(folder / "to"))
        assert done.returncode == 0, done.stdout
        (folder / "elsewhere").mkdir()
        shutil.copy(scene.practice / "practice.toml", folder / "elsewhere")
        with (folder / "elsewhere" / "practice.toml").open("a") as settings:
            settings.write('[sources]\ncrm = "/not/on/this/machine"\n')

    return once("backed-up", make)


@pytest.fixture
def backup(backed_up: Path, tmp_path: Path) -> Path:
    """A copy of the backup, which a test may damage."""
    (folder,) = (backed_up / "to").iterdir()
    return Path(shutil.copytree(folder, tmp_path / "backups" / folder.name))


@pytest.fixture
def restored(backup: Path, backed_up: Path, short_run: Run, tmp_path: Path) -> Callable[..., tuple[Path, int, str]]:
    """Restores the backup into a new home; the home, the exit code and what was said."""
    home = tmp_path / "another" / "place"
    home.mkdir(parents=True, mode=0o700)

    def restore(**environment: str) -> tuple[Path, int, str]:
        done = short_run(home, backed_up / "elsewhere", "restore", str(backup), **environment)
        return home, done.returncode, done.stdout

    return restore


def test_a_restored_home_publishes_the_same_tables_on_a_machine_without_the_deliveries(backed_up, restored, short_run):
    home, code, said = restored()
    assert (code, "caregap run --landed" in said) == (0, True)
    done = short_run(home, backed_up / "elsewhere", "run", str(backed_up / "elsewhere"), "--landed", "--json")
    assert done.returncode == 0, done.stdout
    assert tables(home) == tables(backed_up / "home")
    assert (home / "access.toml").read_text() == "[roles]\n"
    assert (home / "audit" / "audit.jsonl").read_text().startswith((backed_up / "home" / "audit" / "audit.jsonl").read_text())
    assert {path.stat().st_mode & 0o077 for path in home.rglob("*") if path.is_file()} == {0}
    assert left_over(home) == []


def test_a_backup_holds_no_key_no_publication_and_no_build(backup):
    assert sorted(path.name for path in (backup / "home").iterdir()) == [
        "access.toml",
        "audit",
        "history",
        "landing",
        "number",
        "outcomes",
    ]
    assert not [path for path in backup.rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()]


@pytest.mark.parametrize("damage", ["a flipped byte", "a missing file", "a cut-off list"])
def test_a_damaged_backup_is_named_and_nothing_is_restored(backup, restored, damage):
    rows = sorted(backup.rglob("rows.parquet"))[0]
    match damage:
        case "a flipped byte":
            content = bytearray(rows.read_bytes())
            content[50] ^= 1
            rows.write_bytes(content)
        case "a missing file":
            rows.unlink()
        case "a cut-off list":
            (backup / "backup.json").write_text((backup / "backup.json").read_text()[:-9])
    home, code, said = restored()
    assert code == (2 if damage == "a cut-off list" else 11)
    assert (rows.name if code == 11 else "backup.json") in said
    assert {path.name for path in home.iterdir()} <= {"lock"}


def test_a_check_opens_every_table_of_a_backup_and_counts_what_landed(backup, backed_up, short_run):
    """Each byte may be the one that was backed up, and a table still not be what its manifest says."""
    manifests = {path: json.loads(path.read_text()) for path in backup.rglob("manifest.json")}
    n_rows = sum(one["n_read"] for one in manifests.values())
    done = short_run(backed_up / "home", backed_up / "elsewhere", "restore", "--check", str(backup))
    assert (done.returncode, f"{n_rows:,} landed rows, as stated" in done.stdout) == (0, True), done.stdout

    path, one = next((path, one) for path, one in manifests.items() if one["n_read"])
    path.write_text(json.dumps(one | {"n_read": one["n_read"] + 1}))
    list_of_files = json.loads((backup / "backup.json").read_text())
    list_of_files["files"][path.relative_to(backup / "home").as_posix()] = [path.stat().st_size, sha256(path)]
    (backup / "backup.json").write_text(json.dumps(list_of_files))
    done = short_run(backed_up / "home", backed_up / "elsewhere", "restore", "--check", str(backup))
    assert (done.returncode, f"and its manifest says {one['n_read'] + 1:,}" in done.stdout) == (11, True), done.stdout


def test_only_an_empty_home_is_restored_into(backup, backed_up, short_run):
    done = short_run(backed_up / "home", backed_up / "elsewhere", "restore", str(backup))
    assert done.returncode == 2 and "not empty (landing" in done.stdout


def test_a_backup_into_the_home_itself_is_refused(backed_up, short_run):
    done = short_run(backed_up / "home", backed_up / "elsewhere", "backup", str(backed_up / "home" / "backups"))
    assert done.returncode == 2 and "another disk" in done.stdout


@pytest.mark.parametrize("point", ["restore.begun", "restore.copied", "restore.placed"])
def test_a_restore_that_was_killed_is_done_again_and_no_command_works_in_between(backed_up, restored, short_run, point):
    home, code, _ = restored(CAREGAP_FAULT=f"{point}:kill")
    assert code == -signal.SIGKILL
    between = short_run(home, backed_up / "elsewhere", "run", str(backed_up / "elsewhere"), "--landed")
    assert between.returncode == 13 and "caregap restore" in between.stdout
    assert restored()[1] == 0
    kept = {path.relative_to(home / "landing") for path in (home / "landing").rglob("*")}
    assert kept == {path.relative_to(backed_up / "home" / "landing") for path in (backed_up / "home" / "landing").rglob("*")}
    assert left_over(home) == []


def test_a_backup_that_was_killed_leaves_nothing_that_could_be_taken_for_one(backed_up, short_run, tmp_path):
    arguments = ("backup", str(tmp_path / "to"), "--json")
    assert short_run(backed_up / "home", backed_up / "elsewhere", *arguments, CAREGAP_FAULT="backup.copied:kill").returncode < 0
    assert not list((tmp_path / "to").glob("caregap-*"))
    done = short_run(backed_up / "home", backed_up / "elsewhere", *arguments)
    assert json.loads(done.stdout)["files"] > 10
    assert [path.name[:8] for path in (tmp_path / "to").iterdir()] == ["caregap-"]
