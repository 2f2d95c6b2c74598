"""A pull that is stopped anywhere is made good by the next: nothing is lost, nothing is delivered in part."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from pipelines import faults
from pipelines.clock import now
from pipelines.connect.pulls.work import open_work
from pipelines.home import Home
from tests.conftest import caregap
from tests.connect.bulk_server import BulkServer
from tests.connect.conftest import Reply, Serve, patient
from tests.connect.fhir_server.server import FhirServer


def connect(folder: Path, address: str, pull: str) -> Home:
    for source in ("ehr", "crm"):
        (folder / source).mkdir(parents=True, exist_ok=True)
    practice = 'id = "harbor"\nname = "Harbor"\ntime_zone = "America/Chicago"\nencryption = "disk"\n'
    settings = f'{practice}[sources]\nehr = "ehr"\ncrm = "crm"\n'
    (folder / "practice.toml").write_text(settings)
    (folder / "connectors.toml").write_text(
        f"[north]\nkind = 'fhir'\naddress = '{address}'\nsource = 'ehr'\nlimits = {{ requests_per_minute = 60000 }}\n"
        f"[north.pull]\nlookback_minutes = 0\ntypes = ['Patient']\n{pull}\n"
    )
    return Home(folder)


def delivered(home: Home) -> Counter[tuple[str, str]]:
    """How often each version of each resource was delivered."""
    files = [path for path in (home.root / "ehr").glob("2*/*.ndjson") if "deleted" not in path.name]
    rows = [json.loads(line) for path in files for line in path.read_bytes().splitlines()]
    return Counter((row["id"], row["meta"]["lastUpdated"]) for row in rows)


def environment(home: Home, **more: str) -> dict[str, str]:
    return {**os.environ, "CAREGAP_HOME": str(home.root), "CAREGAP_TESTING": "1", **more}


def points_of(home: Home, told: Path) -> list[str]:
    """Every point that a pull passes, with how often: `connect.pull.progress.written#3`."""
    with mock.patch.dict(os.environ, {"CAREGAP_TESTING": "1", "CAREGAP_POINTS": str(told)}):
        assert caregap(home, "connect", "pull").returncode == 0
    passed: Counter[str] = Counter()
    found = []
    for name in told.read_text().splitlines():
        passed[name] += 1
        found.append(f"{name}#{passed[name]}")
    return [one for one in found if one.startswith("connect.")]


def stopped_at(
    points: Collection[str], tmp_path: Path, serve: Serve, fault: str, stop: Callable[[Home, str], None], pull: str
) -> None:
    """Stop a pull at each point in turn, at every one that it passes where none is named; the next must bring what an undisturbed
    one does, each row once."""
    rows = [patient(n, n) for n in range(5)]

    def start(folder: Path) -> tuple[Home, BulkServer]:
        server = BulkServer(rows, pages_of=2)
        server.address = serve(server).address
        return connect(folder, server.address, pull), server

    home, _ = start(tmp_path / "undisturbed")
    every = points_of(home, tmp_path / "points")
    assert set(points) <= set(every)
    expected = delivered(home)
    assert sum(expected.values()) == 5
    for number, point in enumerate(points or every):
        home, server = start(tmp_path / str(number))
        stop(home, f"{point}:{fault}")
        again = caregap(home, "connect", "pull", "--json")
        assert again.returncode == 0, (point, again.stderr)
        assert delivered(home) == expected, point
        server.resources.append(patient(9, 40))
        server.at = "2026-03-01T13:00:00.000Z"
        assert caregap(home, "connect", "pull").returncode == 0, point
        server.resources.pop()
        left = {path.name for path in (home.root / "ehr" / ".north.pull").iterdir()}
        assert left == {"lock", "delivery"}, point


SEARCH, BULK = "method = 'search'\npage_size = 2", "method = 'bulk'"


def test_a_pull_that_meets_an_error_is_made_good(tmp_path: Path, serve: Serve):
    """At the points at which most has been done and least is settled; the slow test takes all."""
    points = [
        "connect.pull.progress.written#2",
        "connect.pull.placing.replaced#1",
        "connect.pull.placed#1",
        "connect.pull.state.written#1",
    ]

    def stop(home: Home, fault: str) -> None:
        faults._passed.clear()
        with mock.patch.dict(os.environ, {"CAREGAP_TESTING": "1", "CAREGAP_FAULT": fault}):
            assert caregap(home, "connect", "pull").returncode == 1
        faults._passed.clear()

    stopped_at(points, tmp_path, serve, "error", stop, SEARCH)


@pytest.mark.slow
@pytest.mark.parametrize("pull", [SEARCH, BULK])
def test_a_pull_that_is_killed_anywhere_is_made_good(tmp_path: Path, serve: Serve, pull: str):
    def stop(home: Home, fault: str) -> None:
        done = subprocess.run([*COMMAND, "connect", "pull"], env=environment(home, CAREGAP_FAULT=fault), capture_output=True)
        assert done.returncode == -signal.SIGKILL

    stopped_at((), tmp_path, serve, "kill", stop, pull)


COMMAND = [sys.executable, "-c", "from pipelines.cli import main; main()"]


def test_two_pulls_at_once_do_not_meet(tmp_path: Path, serve: Serve):
    home = connect(tmp_path, serve(BulkServer([patient(1)], pages_of=2)).address, SEARCH)
    with open_work(home.root / "ehr", "north", 1):
        done = caregap(home, "connect", "pull")
        assert done.returncode == 13
        assert "a pull is running already, so nothing was done" in done.stderr
    assert not home.connect("harbor").exists()
    assert caregap(home, "connect", "pull").returncode == 0


def test_a_clock_that_was_set_back_loses_nothing_and_overwrites_nothing(tmp_path: Path, serve: Serve):
    server = BulkServer([patient(1, 1)], pages_of=2)
    home = connect(tmp_path, serve(server).address, SEARCH)
    caregap(home, "connect", "pull")
    server.resources.append(patient(2, 2))
    with mock.patch("pipelines.connect.pulls.pull.now", lambda: now().replace(year=2020)):
        caregap(home, "connect", "pull")
    server.resources.append(patient(3, 3))
    caregap(home, "connect", "pull")
    assert {row for row, _ in delivered(home)} == {"p1", "p2", "p3"}
    assert len([*(home.root / "ehr").glob("2*")]) == 3


def test_a_resumed_pull_whose_settings_changed_begins_anew(tmp_path: Path, serve: Serve):
    server = BulkServer([patient(n, n) for n in range(5)], pages_of=2)
    home = connect(tmp_path, serve(server).address, SEARCH)
    server.instead = {"/Patient": [Reply(200, server.page("Patient", 0, 2)), Reply(500)]}
    assert caregap(home, "connect", "pull").returncode == 14
    connect(tmp_path, home.root.joinpath("connectors.toml").read_text().split("'")[3], SEARCH.replace("2", "3"))
    done = json.loads(caregap(home, "connect", "pull", "--json").stdout)["pulled"][0]
    assert (done["is_resumed"], done["n_rows"]) == (False, {"Patient": 5})


def test_a_file_that_lost_bytes_between_two_pulls_is_not_delivered(tmp_path: Path, serve: Serve):
    server = BulkServer([patient(n, n) for n in range(5)], pages_of=2)
    home = connect(tmp_path, serve(server).address, SEARCH)
    server.instead = {"/Patient": [Reply(200, server.page("Patient", 0, 2)), Reply(500)]}
    caregap(home, "connect", "pull")
    kept = home.root / "ehr" / ".north.pull" / "delivery" / "Patient.ndjson"
    os.truncate(kept, kept.stat().st_size - 3)
    done = caregap(home, "connect", "pull")
    assert done.returncode == 14
    assert "damaged on this disk" in done.stderr
    assert caregap(home, "connect", "pull").returncode == 0
    assert sum(delivered(home).values()) == 5


def test_a_damaged_state_is_said_and_never_guessed(tmp_path: Path, serve: Serve):
    home = connect(tmp_path, serve(BulkServer([patient(1)], pages_of=2)).address, SEARCH)
    caregap(home, "connect", "pull")
    (tmp_path / "connect" / "harbor" / "north.pull.json").write_text('{"format": 1, "seen": {"Pat')
    done = caregap(home, "connect", "pull")
    assert done.returncode == 2
    assert "Remove it, and the next pull begins from the beginning" in done.stderr


def test_a_full_disk_is_said_and_the_next_pull_goes_on(tmp_path: Path, serve: Serve):
    home = connect(tmp_path, serve(BulkServer([patient(n, n) for n in range(5)], pages_of=2)).address, SEARCH)
    faults._passed.clear()
    with mock.patch.dict(os.environ, {"CAREGAP_TESTING": "1", "CAREGAP_FAULT": "connect.pull.progress.writing#3:enospc"}):
        done = caregap(home, "connect", "pull")
    assert (done.returncode, "the disk is full" in done.stderr) == (13, True)
    assert json.loads(caregap(home, "connect", "pull", "--json").stdout)["pulled"][0]["is_resumed"]
    assert sum(delivered(home).values()) == 5


def test_a_source_folder_that_cannot_be_written_is_said(tmp_path: Path, serve: Serve):
    home = connect(tmp_path, serve(BulkServer([patient(1)], pages_of=2)).address, SEARCH)
    (home.root / "ehr" / ".north.pull").write_text("")
    done = caregap(home, "connect", "pull")
    assert (done.returncode, "Let this account write" in done.stderr) == (13, True)


def test_a_damaged_note_of_a_delivery_is_said(tmp_path: Path, serve: Serve):
    home = connect(tmp_path, serve(BulkServer([patient(1)], pages_of=2)).address, SEARCH)
    caregap(home, "connect", "pull")
    (home.root / "ehr" / ".north.pull" / "placing.json").write_text('{"target": "2026')
    done = caregap(home, "connect", "pull")
    assert (done.returncode, "Remove " in done.stderr) == (2, True)


def _patients(n: int) -> Iterable[dict[str, Any]]:
    for i in range(n):
        at = f"2026-0{1 + i % 9}-{1 + i % 28:02}T{i % 24:02}:{i % 60:02}:{i // 7 % 60:02}.{i % 1000:03}Z"
        yield patient(i) | {
            "meta": {"lastUpdated": at},
            "gender": "female",
            "telecom": [{"system": "phone", "value": f"+1202555{i:04}"}],
        }


@pytest.mark.slow
def test_ten_thousand_patients_killed_twice_are_those_of_an_undisturbed_pull(tmp_path: Path, fhir_server: FhirServer):
    for start in range(0, 10_000, 2_500):
        fhir_server.seed([*_patients(10_000)][start : start + 2_500])
    undisturbed = connect(tmp_path / "undisturbed", fhir_server.address, "method = 'search'\npage_size = 500")
    began = time.monotonic()
    assert caregap(undisturbed, "connect", "pull").returncode == 0
    seconds = time.monotonic() - began
    home = connect(tmp_path / "killed", fhir_server.address, "method = 'search'\npage_size = 500")
    chance, kills = random.Random(17), []  # noqa: S311
    while len(kills) < 2:
        process = subprocess.Popen(
            [*COMMAND, "connect", "pull"], env=environment(home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        work = home.root / "ehr" / ".north.pull" / "delivery" / "Patient.ndjson"
        before = work.stat().st_size if work.exists() else 0
        while process.poll() is None and (work.stat().st_size if work.exists() else 0) <= before:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, seconds / 4))
        process.kill()
        assert process.wait() == -signal.SIGKILL, "the pull ended before it was killed"
        kills.append(work.stat().st_size)
    assert not [*(home.root / "ehr").glob("2*")]
    done = json.loads(caregap(home, "connect", "pull", "--json").stdout)["pulled"][0]
    assert done["is_resumed"]
    assert delivered(home) == delivered(undisturbed)
    assert sum(delivered(home).values()) == 10_000
    assert _landed(home) == _landed(undisturbed)
    assert json.loads(caregap(home, "connect", "pull", "--json").stdout)["pulled"][0]["delivery"] is None


def _landed(home: Home) -> list[tuple[str, int, int, int]]:
    files = json.loads(caregap(home, "ingest", "--json").stdout)["files"]
    return [(one["extract"], one["n_landed"], one["n_quarantined"], one["n_superseded"]) for one in files]
