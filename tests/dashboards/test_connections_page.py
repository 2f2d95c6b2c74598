"""The page Connections, and what Outreach shows of a connected system: from what the engine wrote, and nothing else."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dashboards.connections.approvals import newest_decision
from models.audit_log.store import audit_log
from pipelines.connect.approvals import newest_approval
from pipelines.home import Home
from pipelines.publications.store import current


@pytest.fixture
def folder(shown_home: Path) -> Path:
    folder = shown_home / "connect" / current(Home(shown_home)).practice_id
    folder.mkdir(parents=True)
    return folder


def plan(home: Path, **rest: Any) -> dict[str, Any]:
    return {
        "id": "0123456789abcdef",
        "made_at": "2026-11-29T14:00:00+00:00",
        "publication_id": current(Home(home)).id,
        "n_verbs": {"add": 40, "change": 2, "retry": 1},
        "n_unchanged": 7,
        "n_wanted": 50,
        "withdrawals": {"opted_out_there": 2},
        "skips": {"opted_out_there": 2, "no_consent": 1},
        "confirmations": [],
    } | rest


def pushed(home: Path, **rest: Any) -> dict[str, Any]:
    last = {"plan_id": "before", "approved_by": "kim", "started_at": "2026-11-28T12:00:00+00:00", "ended_at": None}
    return {
        "last_push": last,
        "marks": {"open": 9, "waiting": 3},
        "rejects": {"contact_unknown": 2, "4711": 1},
        "tasks": {},
        "plan": plan(home),
    } | rest


def write(folder: Path, status: dict[str, Any]) -> None:
    (folder / "status.json").write_text(json.dumps({"connectors": {"hub": status}}))


def words(page: Any) -> str:
    shown = [*page.markdown, *page.caption, *page.info, *page.warning, *page.success, *page.header]
    return " ".join(str(one.value) for one in shown)


def test_without_a_connected_system_the_page_says_how_to_connect_one(app, shown_home: Path):
    page = app("connections", role="steward")
    assert not page.exception and "docs/connections.md" in words(page)


def test_the_page_shows_the_last_push_the_refusals_and_the_plan(app, folder: Path, shown_home: Path):
    write(folder, pushed(shown_home))
    page = app("connections", role="leadership")
    assert not page.exception
    assert {one.label: one.value for one in page.metric}["Open tasks there"] == "9"
    assert "did not come to its end" in words(page)
    tables = [frame.value for frame in page.dataframe]
    assert any("Pull its contacts again" in str(frame.to_numpy()) for frame in tables)
    assert any("opted out in the CRM" in str(frame.to_numpy()) for frame in tables)
    assert not page.button or not [one for one in page.button if one.label == "Approve"], "leadership sees, and does not decide"


def test_a_steward_approves_a_plan_by_name_and_the_engine_reads_it(app, folder: Path, shown_home: Path):
    write(folder, pushed(shown_home))
    page = app("connections", role="steward")
    next(one for one in page.button if one.label == "Approve").click()
    page = page.run()
    assert not page.exception
    home = Home(shown_home)
    approval = newest_approval(home, folder.name, "hub")
    assert approval is not None and (approval.plan_id, approval.confirm_reason) == ("0123456789abcdef", None)
    decision = newest_decision(home.outcomes(folder.name), "hub")
    assert decision is not None and decision["approved_by"] == approval.approved_by != ""
    (line,) = [one for one in audit_log(shown_home).entries() if one["event"] == "push_decided"]
    assert line["subject"] == "hub 0123456789abcdef approve"


def test_beyond_a_limit_no_plan_is_approved_without_a_reason(app, folder: Path, shown_home: Path):
    write(folder, pushed(shown_home, plan=plan(shown_home, confirmations=["rows"])))
    page = app("connections", role="admin")
    approve = next(one for one in page.button if one.label == "Approve")
    assert approve.disabled and "more rows would be sent" in words(page)
    page.selectbox(key="reason_hub").select("list_rebuilt").run()
    next(one for one in page.button if one.label == "Approve").click().run()
    approval = newest_approval(Home(shown_home), folder.name, "hub")
    assert approval is not None and approval.confirm_reason == "list_rebuilt"


def test_a_plan_of_an_earlier_publication_cannot_be_approved(app, folder: Path, shown_home: Path):
    write(folder, pushed(shown_home, plan=plan(shown_home, publication_id="earlier")))
    page = app("connections", role="steward")
    assert "of an earlier publication" in words(page) and not [one for one in page.button if one.label == "Approve"]


def test_a_damaged_status_is_no_error(app, folder: Path):
    (folder / "status.json").write_text('{"connectors": ')
    assert not app("connections", role="steward").exception


def test_outreach_marks_each_row_and_takes_an_outcome_from_there_at_once(app, folder: Path, shown_home: Path):
    """The viewer's site has ten of the sample's fifty tasks; whichever site that is, two of its tasks are not open there."""
    with duckdb.connect(str(shown_home / "published" / "current" / "warehouse.duckdb"), read_only=True) as connection:
        rows = connection.execute("select external_id, location_id from delivery.out_outreach_tasks order by 1").fetchall()
    by_site: dict[str, list[str]] = {}
    for task, site in rows:
        by_site.setdefault(site, []).append(task)
    told = {task: {"mark": "open", "fate": "created"} for task, _ in rows}
    for done, refused, *_ in by_site.values():
        told[done] = {"mark": "done", "fate": "created", "outcome": "reached"}
        told[refused] = {"mark": "waiting", "fate": "rejected", "code": "4711"}
    write(folder, pushed(shown_home, tasks=told))
    page = app("outreach", role="care_team", address={"state": "Both", "beyond": "true"})
    assert not page.exception
    rows = [
        facts.split(" · ") for one in page.get("html") for facts in re.findall('<p class="care-more">(.*?)</p>', one.proto.body)
    ]
    marks = [[fact.removeprefix("in the CRM: ") for fact in row if fact.startswith("in the CRM: ")] for row in rows]
    assert all(len(mark) <= 1 for mark in marks)
    assert Counter(mark for (mark,) in filter(None, marks)) == {"open": 8, "done": 1, "refused": 1}
    assert [mark for row, mark in zip(rows, marks, strict=True) if "Reached" in row] == [["done"]]
    assert "**1** worked since the last run" in words(page)
