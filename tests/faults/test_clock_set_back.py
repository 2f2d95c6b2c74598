"""A run on a clock that was set back, or is set back while it runs: nothing is lost, nothing is there twice, and the day that it
looks back from stays what the deliveries say.

The clock is faked for the whole process by libfaketime (`apt-get install faketime`), so for dbt, DuckDB and the file system too;
`tests/faults/test_odd_exports_stopped.py` has files that are older by the clock.
"""

import json
import shutil
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines.home import Home
from pipelines.publications.store import current, publications
from tests.conftest import Hashes, caregap_process
from tests.dbt.conftest import GOLDEN

LIBRARY = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
VISIT = {"resourceType": "Encounter", "id": "late", "status": "finished", "class": {"code": "AMB"}}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not there: apt-get install faketime"),
]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Sets the clock of the processes that are started from then on, and of those that run."""
    said = tmp_path / "clock"

    def set_clock(to: str) -> None:
        new = said.with_suffix(".new")
        new.write_text(to + "\n")
        new.rename(said)
        for name, value in {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(said),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }.items():
            monkeypatch.setenv(name, value)

    return set_clock


def deliver(practice: Path) -> None:
    """A visit of a patient who is there, and a patient again, changed."""
    visit = VISIT | {"subject": {"reference": "Patient/p1"}, "period": {"start": "2026-09-01", "end": "2026-09-01"}}
    first = json.loads((practice / "ehr" / "Patient.ndjson").read_text().splitlines()[0])
    (practice / "ehr" / "late").mkdir()
    (practice / "ehr" / "late" / "Encounter.ndjson").write_text(json.dumps(visit) + "\n")
    (practice / "ehr" / "late" / "Patient.ndjson").write_text(json.dumps(first | {"gender": "other"}) + "\n")


def run(home: Home, practice: Path) -> str:
    done = caregap_process(home, "run", practice, "--json")
    assert done.returncode == 0, done.stderr
    return current(home).as_of_on


def shown(home: Home) -> Path:
    return (home.published / "current" / "warehouse.duckdb").resolve()


def test_neither_a_clock_set_back_between_two_runs_nor_within_one_changes_a_table(
    new_home: Callable[[], Home], clock: Callable[[str], None], table_hashes: Callable[[Path], Hashes], tmp_path: Path
):
    """Forty days between two runs, and a day in the second, once it has landed, against one run on a clock that is right."""
    undisturbed, home, practice = new_home(), new_home(), Path(shutil.copytree(GOLDEN, tmp_path / "practice"))
    settings = (practice / "practice.toml").read_text()
    (practice / "practice.toml").write_text(settings.replace("as_of = 2026-07-15\n", ""))
    first_day = run(home, practice)
    deliver(practice)
    day = run(undisturbed, practice)

    clock("-40d")
    setting = threading.Thread(target=_set_back_once_it_builds, args=(home, clock, "-41d"))
    setting.start()
    assert run(home, practice) == day > first_day
    setting.join()

    assert table_hashes(shown(home)) == table_hashes(shown(undisturbed))
    with duckdb.connect(str(shown(home)), read_only=True) as connection:
        left = "select sum(n_delivered - n_landed - n_quarantined - n_superseded) from marts.fct_deliveries"
        assert connection.execute(left).fetchall() == [(0,)]
    assert current(home).number == max(one.number for one in publications(home))
    assert datetime.fromisoformat(current(home).published_at) < datetime.now(UTC) - timedelta(days=30), "the clock was set back"


def _set_back_once_it_builds(home: Home, clock: Callable[[str], None], to: str) -> None:
    before = set(home.build.glob("*/"))
    for _ in range(600):
        if set(home.build.glob("*/")) - before:
            clock(to)
            return
        time.sleep(0.2)
