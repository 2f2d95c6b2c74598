"""Two commands on one home: the second ends with 13 and a sentence, and touches nothing."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.home import Home
from pipelines.scratch import sweep
from tests.conftest import caregap, caregap_process

ROLLOUT = "program_name,location_id,go_live_on,updated_at\nreach,north,2026-03-01,2026-03-31T00:00:00Z\n"
WRITERS = [
    ["run"],
    ["ingest"],
    ["build"],
    ["train"],
    ["score"],
    ["publish"],
    ["publish", "--rollback"],
    ["docs"],
    ["init", "--name", "Other", "--crm", "."],
    ["value-sets", "load", "."],
]


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("practice")
    (folder / "crm").mkdir()
    (folder / "crm" / "program_rollout_2026-03-31.csv").write_text(ROLLOUT)
    (folder / "practice.toml").write_text('id = "two"\nname = "Two"\ntime_zone = "UTC"\nis_synthetic = true\n')
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def running(home: Home, practice: Path) -> Iterator[subprocess.Popen]:
    """A real `caregap run` that stands still in the middle of landing."""
    environment = os.environ | {"CAREGAP_HOME": str(home.root), "CAREGAP_TESTING": "1"}
    environment["CAREGAP_FAULT"] = "landing.folder.placing:stop"
    command = [str(Path(sys.executable).with_name("caregap")), "run", str(practice)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    yield process
    process.kill()
    process.wait()


def state(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Time of change, mode and content of everything in a folder."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mtime_ns,
            path.lstat().st_mode,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }


def test_a_second_run_ends_with_13_and_one_sentence_and_touches_nothing(home, practice, running):
    before = state(home.root)
    second = caregap_process(home, "run", practice)
    assert second.returncode == 13
    (said,) = second.stderr.splitlines()
    assert "another run is writing here" in said and f"process {running.pid} since" in said
    assert second.stdout == ""
    assert state(home.root) == before


@pytest.mark.parametrize("command", WRITERS, ids=" ".join)
def test_every_command_that_writes_is_turned_away_while_a_run_writes(home, running, command, practice):
    before = state(home.root)
    done = caregap(home, *[practice if word == "." else word for word in command])
    assert (done.returncode, "another run is writing here" in done.stderr) == (13, True), done.stderr
    assert state(home.root) == before


def test_what_a_killed_run_left_is_swept_by_the_next_one_and_what_a_living_one_needs_is_not(home, practice, running):
    """The scratch folder of a run that stands still belongs to it; that of a dead one belongs to nobody."""
    (living,) = (home.root / "landing" / "two").glob(".scratch-*")
    sweep(home)
    assert living.is_dir()
    running.kill()
    running.wait()
    assert living.is_dir()
    assert caregap(home, "ingest", practice).returncode == 0
    assert not list(home.root.rglob(".scratch-*"))
