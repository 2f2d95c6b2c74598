"""Stopped at any named point, by a kill, a full disk or an error: a plain run afterwards ends in the same tables.

The run is real but for SQL and models (`short_run.py`); `test_killed_runs.py` stops whole ones.
"""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.home import Home
from tests.conftest import caregap
from tests.faults.conftest import Run, Scene, left_over, passed_points, tables

POINTS_OF = {
    "settle": "gaps.written gaps.placed gaps.kept baselines.written baselines.placed baselines.kept done",
    "build": "forgetting forgotten folder.making folder.made raw.views",
    "landing": "journal.taking journal.taken folder.written folder.placing folder.placed",
    "publish": "warehouse.written deidentified.written lists.written reports.written audited sealed placed recorded swapping "
    "swapped",
    "cleanup": "publication.removing publication.removed",
}
STEPS = ("derived", "scored", "delivered", "catalogued")
FILES = [
    "settle.gaps.seal",
    "settle.baselines.seal",
    "landing.ledger",
    "landing.ledger.copy",
    "number",
    "publish.shown",
    "last_run",
]
FILES += [f"build.{step}.facts" for step in ("raw", *STEPS)]
POINTS = [
    *(f"{area}.{point}" for area, points in POINTS_OF.items() for point in points.split()),
    *(f"build.{step}.{point}" for step in STEPS for point in ("starting", "ending")),
    *(f"{file}.{point}" for file in FILES for point in ("writing", "written", "replaced")),
]
QUICK = [
    ("settle.gaps.written", "kill"),
    ("landing.journal.taken", "kill"),
    ("landing.ledger.written", "enospc"),
    ("landing.folder.placed", "kill"),
    ("build.raw.facts.written", "kill"),
    ("build.derived.ending", "enospc"),
    ("publish.audited", "error"),
    ("publish.placed", "kill"),
    ("publish.swapped", "kill"),
    ("cleanup.publication.removing", "kill"),
]
ENDS_WITH = {"kill": -signal.SIGKILL, "enospc": 13, "error": 1}
OTHERS = [(point, fault) for point in POINTS for fault in ENDS_WITH if (point, fault) not in QUICK]


@pytest.fixture(scope="session")
def undisturbed(scene: Scene, short_run: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple]]:
    """The tables of a run that nobody stopped, which passes every point of the list and no other."""
    folder = tmp_path_factory.mktemp("undisturbed")
    shutil.copytree(scene.home, folder / "home", symlinks=True)
    done = short_run(folder / "home", scene.practice, CAREGAP_POINTS=str(folder / "points"))
    assert done.returncode == 0, done.stdout
    assert sorted(passed_points(folder / "points")) == sorted(POINTS) and len(POINTS) == 73
    return tables(folder / "home")


@pytest.fixture
def stopped(
    scene: Scene, again: Callable[[], Path], short_run: Run, undisturbed: dict[str, list[tuple]]
) -> Callable[[str, str], None]:
    """Stops a run at a point, runs again plainly, and compares."""

    def check(point: str, fault: str) -> None:
        home = again()
        done = short_run(home, scene.practice, CAREGAP_FAULT=f"{point}:{fault}")
        told = json.loads((home / "published" / "last_run.json").read_text())
        if point.startswith("last_run.") and fault == "enospc":
            assert (done.returncode, told["status"]) == (0, "published"), "the space that is kept was not used"
        else:
            assert done.returncode == ENDS_WITH[fault], done.stdout
        if done.returncode == 13:
            (said,) = done.stdout.splitlines()
            assert "the disk is full" in said and told["status"] == "failed" and f"caregap: {told['reason']}" == said
        assert "Traceback" not in done.stdout
        rerun = short_run(home, scene.practice)
        assert rerun.returncode == 0, rerun.stdout
        assert tables(home) == undisturbed
        assert left_over(home) == []
        assert len(list((home / "published").glob("2*"))) == 1
        assert json.loads((home / "published" / "last_run.json").read_text())["status"] == "published"

    return check


@pytest.mark.parametrize(("point", "fault"), QUICK, ids=str)
def test_a_run_after_one_that_was_stopped_ends_in_the_same_tables(stopped, point: str, fault: str):
    stopped(point, fault)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(("point", "fault"), OTHERS, ids=str)
def test_stopped_at_any_point_by_any_fault_a_run_is_made_good_by_the_next(stopped, point: str, fault: str):
    stopped(point, fault)


def test_what_follows_the_swap_is_made_good_where_nothing_new_was_delivered(scene, again, short_run, undisturbed):
    """Killed as it was about to keep what it had shown for the first time; the next run finds nothing new and builds nothing."""
    home = again()
    assert short_run(home, scene.practice, CAREGAP_FAULT="publish.swapped:kill").returncode == -signal.SIGKILL
    rerun = short_run(home, scene.practice)
    assert json.loads(rerun.stdout)["is_new"] is False
    assert tables(home) == undisturbed


def test_the_audit_log_is_whole_after_a_run_that_was_stopped_while_it_published(scene, again, short_run):
    home = again()
    short_run(home, scene.practice, CAREGAP_FAULT="publish.recorded:kill")
    assert caregap(Home(home), "audit", "verify").returncode == 0
