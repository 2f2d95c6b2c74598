"""One outcome, followed from the CRM to the tables at the next run: list, caps, trial."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dashboards.outreach.outcomes import OUTCOMES
from pipelines.home import Home
from pipelines.practice import SAMPLE
from pipelines.publications.store import WAREHOUSE, current
from pipelines.sql.connection import open_file
from tests.conftest import caregap_process
from tests.connect.test_published_list import CONNECTORS, Scene, patient_of, scene

__all__ = ["scene"]

_TRIAL = """
    select
        tasks.external_id, tasks.channel, tasks.patient_key, list.n_attempts_30_days, trials.trial_key, trials.n_attempts_90_days
    from delivery.out_outreach_tasks as tasks
    inner join delivery.out_outreach_list as list using (patient_key)
    inner join marts.fct_outreach_trials as trials using (patient_key)
    where trials.added_on = (select max(added_on) from marts.fct_outreach_trials) and not trials.is_held_out
    order by tasks.external_id
    limit 1
"""


@pytest.mark.slow
def test_an_outcome_told_by_the_crm_and_on_the_page_counts_once_in_list_caps_and_trial(scene: Scene, sample_home: Home):
    """The task of a member of the newest campaign with a hold-out is done in the CRM on 20 October, and told by the page too."""
    with _opened(scene.home) as connection:
        task, channel, person, n_in_30_days, trial, n_in_90_days = connection.execute(_TRIAL).fetchone()
        lift = "select n_contacted, n_held_out from ml.outreach_lift where month = 'all' and tier = 'all'"
        arms = connection.execute(lift).fetchone()
    scene.push("--apply", scene.plan()["id"])
    scene.bench.finish(task, "reached")
    _record_on_the_page(scene, task, channel)
    assert scene.connect("outcomes", "hub")[1] == "hub: 1 outcome\n"
    home, folder = _whole_practice(scene, sample_home)
    done = caregap_process(home, "run", folder)
    assert done.returncode == 0, done.stderr
    with _opened(home) as connection:
        told = "select outcome, completed_on::varchar, count(*) from marts.fct_outreach_tasks where external_id = ? group by all"
        assert connection.execute(told, [task]).fetchall() == [("reached", "2026-10-20", 1)]
        fates = connection.execute("select mark, count(*) from marts.fct_sync_rows group by all order by all").fetchall()
        assert fates == [("done", 1), ("open", 59)]
        left_out = "select suppress_reason, n_attempts_30_days from delivery.out_outreach_suppressions where patient_key = ?"
        assert connection.execute(left_out, [person]).fetchall() == [("recently_contacted", n_in_30_days + 1)]
        of_trial = "select n_attempts_90_days, contact_outcome from marts.fct_outreach_trials where trial_key = ?"
        assert connection.execute(of_trial, [trial]).fetchall() == [(n_in_90_days + 1, "reached")]
        assert connection.execute(lift).fetchone() == arms, "who is compared with whom is the draw's, not the CRM's"


def _opened(home: Home):
    return open_file(home.published / "current" / WAREHOUSE, read_only=True)


def _record_on_the_page(scene: Scene, task: str, channel: str) -> None:
    source, record_type, source_id = patient_of(scene, task)
    at = datetime(2026, 10, 20, 17, tzinfo=UTC)
    entry = {
        "outcome_id": "page-1",
        "recorded_at": at,
        "updated_at": at,
        "listed_on": None,
        "patient_source_system": source,
        "patient_record_type": record_type,
        "patient_source_id": source_id,
        "channel": channel,
        "outcome": "reached",
        "note_code": None,
        "recorded_by": "kim@example.org",
        "is_withdrawn": False,
    }
    OUTCOMES.add(scene.home.outcomes(current(scene.home).practice_id), entry)


def _whole_practice(scene: Scene, sample_home: Home) -> tuple[Home, Path]:
    """A home of its own with what was recorded and told, and the sample's extracts with what the CRM has delivered."""
    home, folder = Home(scene.home.root.parent / "next"), scene.home.root.parent / "whole"
    home.root.mkdir(mode=0o700)
    home.dbt.symlink_to(sample_home.dbt)
    shutil.copytree(scene.home.root / "outcomes", home.root / "outcomes")
    shutil.copytree(SAMPLE, folder)
    shutil.copytree(scene.folder / "crm" / "hub-outcomes", folder / "crm" / "hub-outcomes")
    (folder / "connectors.toml").write_text(CONNECTORS, encoding="utf-8")
    return home, folder
