"""The published sample's list goes to a system and its outcomes come back, by the commands, from the warehouse's rows."""

import csv
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from dashboards.outreach.outcomes import Outcome, record
from dashboards.store.journal import Journal
from models.pushing import PUSH_APPROVALS
from pipelines.clock import now
from pipelines.connect import adapters
from pipelines.connect.scheduled import awaits_push
from pipelines.connect.worklist import read_chart, read_worklist
from pipelines.defs.pushes import pushes, scheduled_connections
from pipelines.home import Home
from pipelines.landing.land import land
from pipelines.lock import only_writer
from pipelines.practice import SAMPLE, read_practice
from pipelines.publications.store import WAREHOUSE, current
from pipelines.raw.views import build_raw
from pipelines.sql.connection import open_file
from tests.conftest import caregap
from tests.connect.fake import FakeAdapter, FakeBench

CONNECTORS = """
[hub]
kind = "odoo"
address = "http://127.0.0.1:9"
database = "hub"
source = "crm"
sign_in = { key = { env = "HUB_KEY" } }
[hub.push]
list_name = "Outreach"
"""


@dataclass
class Scene:
    home: Home
    folder: Path
    bench: FakeBench

    def connect(self, *arguments: object) -> tuple[int, str]:
        done = caregap(self.home, "connect", *arguments, "--folder", self.folder)
        return done.returncode, done.stdout

    def plan(self) -> dict:
        code, said = self.connect("plan", "hub", "--json")
        assert code == 0, said
        return json.loads(said)["hub"]

    def push(self, *arguments: object) -> dict:
        code, said = self.connect("push", "hub", "--json", *arguments)
        assert code == 0, said
        return {fate: n for fate, n in json.loads(said).items() if n}


@pytest.fixture
def scene(sample_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A home that shows the sample's publication, and a CRM with its contacts."""
    home = Home(tmp_path / "home")
    home.root.mkdir(mode=0o700)
    (home.root / "published").symlink_to(sample_home.published)
    folder = tmp_path / "practice"
    folder.mkdir()
    (folder / "crm").mkdir()
    (folder / "ehr").mkdir()
    settings = (SAMPLE / "practice.toml").read_text(encoding="utf-8").partition("[variables")[0]
    (folder / "practice.toml").write_text(settings, encoding="utf-8")
    (folder / "connectors.toml").write_text(CONNECTORS, encoding="utf-8")
    worklist = read_worklist(home, current(home), "crm")
    bench = FakeBench(tmp_path / "crm.json")
    bench.add_contacts(worklist.facts)

    @contextmanager
    def opened(connection: object) -> Iterator[FakeAdapter]:
        yield bench.adapter

    monkeypatch.setitem(adapters.OPENERS, "odoo", lambda: opened)
    return Scene(home, folder, bench)


def patient_of(scene: Scene, task: str) -> tuple[str, str, str]:
    query = """
        select links.source_system, links.source_record_type, links.source_id
        from delivery.out_outreach_tasks as tasks
        inner join marts.dim_patient_links as links using (patient_key)
        where tasks.external_id = ? and links.link_rule = 'own_record'
    """
    with open_file(scene.home.published / "current" / WAREHOUSE, read_only=True) as connection:
        return connection.execute(query, [task]).fetchone()  # type: ignore[return-value]


def test_the_published_list_reaches_the_system_once(scene: Scene):
    plan = scene.plan()
    assert len(plan["sends"]) == 60 and plan["confirmations"] == []
    code, said = scene.connect("push", "hub")
    assert code == 0 and "Nothing was sent" in said and scene.bench.system.read()["tasks"] == {}
    assert scene.push("--apply", plan["id"]) == {"created": 60}
    assert len(scene.bench.listed("Outreach")) == 60
    again = scene.plan()
    assert (again["sends"], again["withdrawals"], again["n_unchanged"]) == ({}, {}, 60)
    assert scene.push("--apply", plan["id"]) == {}, "a plan that was carried out has nothing left to do"


def test_who_opted_out_on_the_page_between_plan_and_apply_is_not_sent(scene: Scene):
    plan = scene.plan()
    task = next(iter(plan["sends"]))
    outcome = Outcome(*patient_of(scene, task), "phone", "opted_out", "kim@example.org")
    record(scene.home.outcomes(current(scene.home).practice_id), outcome)
    assert scene.push("--apply", plan["id"]) == {"created": 59, "skipped": 1}
    status = json.loads(scene.connect("status", "--json")[1])["hub"]
    assert status["tasks"][task] == {"mark": "skipped", "fate": "skipped", "because": "opted_out"}


def test_who_was_reached_on_the_page_leaves_the_system(scene: Scene):
    plan = scene.plan()
    scene.push("--apply", plan["id"])
    task = next(iter(plan["sends"]))
    outcome = Outcome(*patient_of(scene, task), "phone", "reached", "kim@example.org")
    record(scene.home.outcomes(current(scene.home).practice_id), outcome)
    assert scene.push("--apply", scene.plan()["id"]) == {"withdrawn": 1, "skipped": 1}
    assert not scene.bench.is_open(task)


def test_an_outcome_becomes_a_delivery_that_lands_once_and_a_row_a_task(scene: Scene):
    """Read twice from the beginning, as after a restore, it lands once; the fates of all 60 rows land too, without a contact."""
    plan = scene.plan()
    scene.push("--apply", plan["id"])
    task = next(iter(plan["sends"]))
    scene.bench.finish(task, "reached")
    code, said = scene.connect("outcomes", "hub")
    assert (code, said) == (0, "hub: 1 outcome\n")
    assert scene.connect("outcomes", "hub")[1] == "hub: 0 outcomes\n"
    shutil.rmtree(scene.home.root / "connect")
    assert scene.connect("outcomes", "hub")[1] == "hub: 1 outcome\n"
    practice = read_practice(scene.folder)
    report = land(practice, scene.home)
    assert not report.refused()
    with open_file(scene.home.root / "landed.duckdb") as connection:
        build_raw(connection, practice, scene.home, report.ledger)
        told = connection.execute("select external_id, outcome from raw.crm_outreach_tasks").fetchall()
        rows = connection.execute("select mark, count(*) from raw.caregap_sync_rows group by all order by all").fetchall()
        columns = {name for name, *_ in connection.execute("describe raw.caregap_sync_rows").fetchall()}
    assert told == [(task, "reached")]
    assert rows == [("done", 1), ("open", 59)]
    assert not columns & {"contact_id", "patient_key"}


def test_a_state_that_was_lost_takes_over_what_the_system_holds(scene: Scene):
    """What was pushed after a backup and is off the list by now would stay in the CRM for ever."""
    scene.push("--apply", scene.plan()["id"])
    shutil.rmtree(scene.home.root / "connect")
    scene.connect("outcomes", "hub")
    plan = scene.plan()
    assert {verb for verb, _ in plan["sends"].values()} == {"change"}
    assert scene.push("--apply", plan["id"]) == {"unchanged": 60}


def test_a_plan_that_was_approved_on_the_page_is_carried_out_in_that_persons_name(scene: Scene):
    assert scene.connect("push", "hub", "--approved")[0] == 15
    plan = scene.plan()
    approved(scene, plan["id"])
    assert scene.push("--approved") == {"created": 60}
    assert "by lee@example.org" in scene.connect("status", "hub")[1]


def scheduled(scene: Scene, when: str) -> bool:
    """Run Dagster's push once, with this setting."""
    settings = CONNECTORS.replace("[hub.push]", f'[hub.push]\nwhen = "{when}"')
    (scene.folder / "connectors.toml").write_text(settings, encoding="utf-8")
    shutil.copy(scene.folder / "connectors.toml", scene.home.root)
    practice = read_practice(scene.folder)
    found = pushes(scene.home, practice, scheduled_connections(scene.home, practice)).schedules
    return bool(found) and found[0].job.execute_in_process(raise_on_error=False).success


def approved(scene: Scene, plan_id: str) -> None:
    entry = {
        "approval_id": plan_id,
        "connector": "hub",
        "plan_id": plan_id,
        "decision": "approve",
        "confirm_reason": None,
        "approved_by": "lee@example.org",
        "decided_at": now(),
        "updated_at": now(),
    }
    Journal(PUSH_APPROVALS).add(scene.home.outcomes(current(scene.home).practice_id), entry)


def test_the_schedule_draws_a_plan_that_is_sent_once_it_is_approved_and_only_once(scene: Scene):
    assert scheduled(scene, "approved")
    plan = json.loads(scene.connect("status", "--json")[1])["hub"]["plan"]
    practice = read_practice(scene.folder)
    (hub,) = scheduled_connections(scene.home, practice)
    assert awaits_push(scene.home, practice, hub) is None
    approved(scene, plan["id"])
    assert awaits_push(scene.home, practice, hub) == plan["id"]
    assert scheduled(scene, "approved") and len(scene.bench.system.read()["tasks"]) == 60
    assert awaits_push(scene.home, practice, hub) is None
    n_calls = scene.bench.system.read()["calls"]
    assert scheduled(scene, "approved") and scene.bench.system.read()["calls"] == n_calls


def test_a_push_beside_another_command_that_writes_is_turned_away(scene: Scene):
    plan = scene.plan()
    with only_writer(scene.home):
        assert scene.connect("push", "hub", "--apply", plan["id"])[0] == 13
    assert scene.bench.system.read()["tasks"] == {}


def test_a_schedule_pushes_only_where_the_settings_say_so(scene: Scene):
    assert not scheduled(scene, "by_hand")
    assert scheduled(scene, "approved") and scene.bench.system.read()["tasks"] == {}, "nothing was approved"
    assert scheduled(scene, "always")
    assert len(scene.bench.system.read()["tasks"]) == 60
    assert "by schedule" in scene.connect("status", "hub")[1]


def test_charts_get_no_score_and_no_gap_of_who_is_held_out(scene: Scene):
    """122 of the sample's patients are held out at random; the others who were scored are in, most with an open gap."""
    held_out = """
        select links.source_id from delivery.out_outreach_suppressions
        inner join marts.dim_patient_links as links using (patient_key)
        where is_held_out and links.source_record_type = 'ehr_patient'
    """
    with open_file(scene.home.published / "current" / WAREHOUSE, read_only=True) as connection:
        of_trial = {one for (one,) in connection.execute(held_out).fetchall()}
    scores, gaps = read_chart(scene.home, current(scene.home), "ehr")
    assert len(of_trial) == 122 and len(scores) > 50 and len(gaps) > 100
    assert not of_trial & {one.contact_id for one in (*scores, *gaps)}


def test_state_plans_status_and_log_name_nobody(scene: Scene):
    """No name, e-mail, telephone number, record number or measure of anybody on the list."""
    plan = scene.plan()
    scene.push("--apply", plan["id"])
    with open_file(scene.home.published / "current" / WAREHOUSE, read_only=True) as connection:
        listed = connection.sql("select * from delivery.out_outreach_list").pl()
    said = pl.concat([listed[name].drop_nulls() for name in ("last_name", "contact_point", "mrn", "reason_1", "open_gaps")])
    words = {word.encode() for word in said.unique() if len(word) > 4 and word != "portal"} | {b"HbA1c", b"CMS122", b"depression"}
    files = [path for name in ("connect", "outcomes", "audit") for path in (scene.home.root / name).rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"push.db", "status.json", "audit.jsonl"}
    for path in files:
        content = path.read_bytes()
        assert not [word for word in words if word in content], path.name


def test_what_is_delivered_of_pushed_rows_is_a_file_of_plain_columns(scene: Scene):
    scene.push("--apply", scene.plan()["id"])
    (path,) = scene.home.outcomes(current(scene.home).practice_id).glob("sync_rows_*.csv")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 60 and {row["mark"] for row in rows} == {"open"}
    assert {row["fate"] for row in rows} == {"created"}
