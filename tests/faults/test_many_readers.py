"""Several processes read one landing: each content once, whoever of them is killed, and the rows of one."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipelines.home import Home
from pipelines.landing.joining import join_landing
from pipelines.practice import read_practice
from tests.conftest import caregap_process

N_FILES = 8
ROLLOUT = "program_name,location_id,go_live_on,updated_at\nreach,site-{n},2026-03-01,2026-03-31T00:00:00Z\n"
Start = Callable[..., subprocess.Popen]


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("practice")
    (folder / "crm").mkdir()
    for n in range(N_FILES):
        (folder / "crm" / f"program_rollout_2026-03-{n + 10}.csv").write_text(ROLLOUT.format(n=n))
    (folder / "crm" / "program_rollout_2026-04-30.csv").write_text(ROLLOUT.format(n=0))  # the first one's content
    (folder / "practice.toml").write_text('id = "many"\nname = "Many"\ntime_zone = "UTC"\nis_synthetic = true\n')
    return folder


@pytest.fixture(scope="module")
def alone(practice: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What one process says of the files."""
    return json.loads(caregap_process(Home(tmp_path_factory.mktemp("alone")), "ingest", practice, "--json").stdout)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "home").mkdir(mode=0o700)
    return Home(tmp_path / "home")


@pytest.fixture
def start(home: Home, practice: Path, tmp_path: Path) -> Iterator[Start]:
    """`start("--join", fault="landing.folder.placing:stop")`: a process of `caregap ingest`."""
    started: list[subprocess.Popen] = []

    def begin(*arguments: str, fault: str = "") -> subprocess.Popen:
        environment = os.environ | {"CAREGAP_HOME": str(home.root), "CAREGAP_TESTING": "1", "CAREGAP_FAULT": fault}
        environment["CAREGAP_POINTS"] = str(tmp_path / "points")
        command = [str(Path(sys.executable).with_name("caregap")), "ingest", str(practice), "--json", *arguments]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def n_placed(tmp_path: Path) -> Callable[[], int]:
    return lambda: (tmp_path / "points").read_text().split().count("landing.folder.placed")


def stands_still(process: subprocess.Popen) -> bool:
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    return os.WIFSTOPPED(status)


def left(home: Home) -> list[Path]:
    return [*home.root.rglob(".scratch-*"), *home.root.rglob("*.replaced")]


def test_three_workers_read_each_content_once_and_give_the_rows_of_one(home, alone, start, n_placed):
    said, _ = start("--workers", "3").communicate()
    assert json.loads(said) == alone
    assert n_placed() == N_FILES
    assert left(home) == []


def test_what_a_killed_reader_had_begun_is_read_by_another_and_nothing_twice(home, alone, start, n_placed):
    """The first holds one content and stands still, the second is killed in the middle of its third, the last reads the rest."""
    first = start(fault="landing.folder.placing:stop")
    assert stands_still(first)
    killed = start("--join", fault="landing.folder.placing#3:kill")
    assert killed.wait() == -9
    assert n_placed() == 2
    last = start("--join")
    while n_placed() < N_FILES - 1:
        assert last.poll() is None
    first.send_signal(signal.SIGCONT)
    said, _ = first.communicate()
    assert json.loads(said) == alone
    assert (first.returncode, last.wait(), n_placed()) == (0, 0, N_FILES)
    assert json.loads(caregap_process(home, "ingest", first.args[2], "--json").stdout) == alone
    assert left(home) == []


@pytest.mark.slow
def test_nobody_writes_while_a_helper_of_a_killed_ingest_still_reads(home, alone, practice, start):
    first = start(fault="landing.folder.placing:stop")
    assert stands_still(first)
    helper = start("--join", fault="landing.folder.placing:stop")
    assert stands_still(helper)
    first.kill()
    first.wait()
    refused = caregap_process(home, "ingest", practice)
    assert (refused.returncode, "still reading its file" in refused.stderr) == (13, True)
    helper.send_signal(signal.SIGCONT)
    assert helper.wait() == 0
    assert json.loads(caregap_process(home, "ingest", practice, "--json").stdout) == alone


@pytest.mark.slow
def test_the_workers_of_a_killed_ingest_end_with_it(home, practice, start, alone, n_placed):
    first = start("--workers", "2", fault="landing.folder.placing:kill")
    first.wait()  # the fault is its workers', too: whoever comes there first is killed
    assert n_placed() < N_FILES
    again = start()
    while again.wait() == 13:
        again = start()
    assert json.loads(again.stdout.read()) == alone


@pytest.mark.slow
def test_a_process_that_would_read_by_other_rules_is_refused(home, start):
    first = start(fault="landing.folder.placing:stop")
    assert stands_still(first)
    other = start("--join", "--time-zone", "America/Chicago")
    _, said = other.communicate()
    assert (other.returncode, "reads by other rules" in said) == (2, True)


def test_without_an_ingest_there_is_nothing_to_join(home, practice):
    assert not join_landing(read_practice(practice), home, patience=0)
