"""How the last run ended is told on disk, whoever started it."""

import json
import shutil

import dagster as dg
import pytest

from pipelines.defs.definitions import definitions
from pipelines.defs.execution import QUIET
from pipelines.defs.refresh import JOB
from pipelines.defs.run_status import recording_hooks
from pipelines.home import Home
from pipelines.practice import SAMPLE, Practice, read_practice
from pipelines.publications.store import publications


def dagsters_own(home: Home, practice: Practice) -> dg.Definitions:
    """What Dagster's page, schedule and sensor run."""
    return definitions(home, practice, hooks=recording_hooks(home))


def told(home: Home) -> dict:
    return json.loads((home.published / "last_run.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("is_picked_in_the_graph", [False, True])
def test_a_failed_dagster_run_is_recorded_with_its_reason(new_home, tmp_path, is_picked_in_the_graph: bool):
    home = new_home()
    (tmp_path / "contacts.csv").write_bytes(b"\xff\xfe\x00")
    defs = dagsters_own(home, Practice("test", "Test", "America/New_York", {"crm": tmp_path}))
    job = defs.resolve_implicit_global_asset_job_def() if is_picked_in_the_graph else defs.resolve_job_def(JOB)
    done = job.execute_in_process(run_config=QUIET, raise_on_error=False)
    assert not done.success
    assert told(home)["status"] == "failed"
    assert "contacts.csv" in told(home)["reason"]


@pytest.mark.slow
def test_a_dagster_run_that_publishes_is_recorded(sample_home: Home, new_home):
    home = new_home()
    shutil.copytree(sample_home.root / "build", home.root / "build")
    job = dagsters_own(home, read_practice(SAMPLE)).resolve_job_def(JOB)
    last = [key for key in job.asset_layer.asset_graph.executable_asset_keys if key.path[0] == "published"]
    assert job.execute_in_process(run_config=QUIET, asset_selection=last).success
    number = publications(home)[-1].number
    assert told(home) | {"ended_at": ""} == {"ended_at": "", "status": "published", "reason": None, "number": number}


def test_a_foreign_error_is_recorded_by_its_name_only(new_home):
    from pipelines.publications.last_run import recorded_last_run

    home = new_home()
    with pytest.raises(ValueError), recorded_last_run(home):
        raise ValueError("Quenby, Ann")
    assert told(home)["reason"] == "It ended with ValueError."
