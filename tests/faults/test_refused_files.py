"""A refused file ends a command with 10 once, whichever command it is and whatever stopped those before it."""

import shutil
import signal
from pathlib import Path

import pytest


@pytest.fixture
def practice(scene, tmp_path: Path) -> Path:
    """The scene's practice, to which a file was delivered that is not what its name says."""
    folder = Path(shutil.copytree(scene.practice, tmp_path / "practice"))
    (folder / "crm" / "contacts.csv").write_text("this,is,not\na,contacts,file\n")
    return folder


@pytest.mark.parametrize("command", [*(pytest.param(name, marks=pytest.mark.slow) for name in ("build", "ingest")), "run"])
def test_a_command_that_refuses_a_file_ends_with_10_and_the_next_one_with_0(again, short_run, practice: Path, command: str):
    home = again()
    first = short_run(home, practice, command, str(practice))
    assert (first.returncode, "1 file refused" in first.stdout, "crm/contacts.csv" in first.stdout) == (10, True, True)
    assert [short_run(home, practice, later, str(practice)).returncode for later in ("ingest", "build", "run")] == [0, 0, 0]


@pytest.mark.parametrize("point", [pytest.param("landing.folder.placed", marks=pytest.mark.slow), "publish.swapped"])
def test_a_run_that_is_killed_has_told_nobody_and_the_next_one_ends_with_10(again, short_run, practice: Path, point: str):
    home = again()
    killed = short_run(home, practice, CAREGAP_FAULT=f"{point}:kill")
    second, third = short_run(home, practice), short_run(home, practice)
    assert [done.returncode for done in (killed, second, third)] == [-signal.SIGKILL, 10, 0]
    assert "crm/contacts.csv" in second.stdout
