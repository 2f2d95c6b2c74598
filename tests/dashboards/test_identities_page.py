"""The steward's page: both records side by side, three decisions, each audited and kept by the next run."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboards.identities.decisions import decided
from models.audit_log.store import audit_log
from models.published import PUBLISHED
from pipelines.home import Home
from pipelines.practice import Practice
from pipelines.publish.catalog import write_catalog
from pipelines.publish.selection import whole
from pipelines.sql.connection import open_file
from pipelines.warehouse.build import build_warehouse
from tests.assets.father_or_son import FAMILIES, pair, write_practice
from tests.dashboards.conftest import APP

TABLES = ("marts.fct_identity_reviews", "marts.fct_identity_decisions", "marts.dim_identity_records")
SELECTED = [f"+{table.partition('.')[2]}" for table in TABLES]
PAIR = pair(FAMILIES[0])
CONTACT, CHART = PAIR["left_id"], PAIR["right_id"]


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Practice:
    return write_practice(tmp_path_factory.mktemp("father_or_son"))


@pytest.fixture(scope="module")
def published(practice: Practice, new_home: Callable[[], Home]) -> Home:
    """A home in which the three tables that the page reads are published, and no decision was taken."""
    home = new_home()
    folder = home.published / "1"
    folder.mkdir(parents=True)
    shutil.copy(build_warehouse(home, practice, select=SELECTED), folder / "warehouse.duckdb")
    with open_file(folder / "warehouse.duckdb") as connection:
        connection.execute("drop schema if exists catalog cascade")
        write_catalog(connection, {table: whole(PUBLISHED[table]) for table in TABLES}, dict.fromkeys(TABLES, 0))
    manifest = {
        "practice_id": practice.id,
        "practice_name": practice.name,
        "time_zone": practice.time_zone,
        "is_synthetic": True,
        "as_of_on": "2026-11-01",
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (home.published / "current").symlink_to("1")
    return home


@pytest.fixture
def home(published: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A copy of that home for one test to write in."""
    shutil.copytree(published.root, tmp_path / "home", symlinks=True)
    monkeypatch.setenv("CAREGAP_HOME", str(tmp_path / "home"))
    return Home(tmp_path / "home")


def opened(role: str) -> AppTest:
    test = AppTest.from_file(APP, default_timeout=60)
    test.session_state["viewer_role"] = role
    test.switch_page("app_pages/identities.py")
    return test.run()


@pytest.fixture
def page(home: Home) -> AppTest:
    return opened("steward")


def press(page: AppTest, words: str) -> AppTest:
    next(button for button in page.button if button.label == words).click()
    return page.run()


def view(page: AppTest, name: str) -> AppTest:
    page.session_state["view"] = name
    return page.run()


def journal(home: Home, practice: Practice) -> pl.DataFrame:
    return decided(home.outcomes(practice.id))


def audited(home: Home, event: str) -> list[dict]:
    return [line for line in audit_log(home.root).entries() if line["event"] == event]


def n_people(home: Home, practice: Practice) -> int:
    """How many people a run makes of the two records."""
    query = "select count(distinct patient_key) from intermediate.int_identity__patient_links"
    with open_file(build_warehouse(home, practice, select=SELECTED), read_only=True) as connection:
        return connection.execute(query).fetchall()[0][0]


def test_both_records_stand_side_by_side_and_being_shown_is_audited_without_a_name(page: AppTest, home: Home):
    assert not page.exception
    shown = {field: (one, other) for field, one, other, _ in page.dataframe[0].value.itertuples(index=False)}
    assert set(shown["Given name"]) == {"Bob", "Robert"}
    assert set(shown["Its id"]) == {CONTACT, CHART}
    assert "2 Mar 1950" in shown["Born"]
    [line] = audited(home, "patient_viewed")
    assert (line["subject"], line["n_rows"], len(line["patients"])) == ("identity review", 2, 2)
    assert "Hale" not in (home.root / "audit" / "audit.jsonl").read_text()


def test_a_pair_that_was_decided_leaves_the_list_and_a_later_decision_undoes_it(page: AppTest, home: Home, practice: Practice):
    page = press(page, "Different people")
    assert not page.exception
    assert "No pair of records is in doubt." in page.info[0].value
    page = view(page, "Decided")
    assert "different people" in page.info[0].value and "The next run applies it" in page.info[0].value
    page = view(press(page, "Later"), "Later")
    assert "to be decided later" in page.info[0].value
    assert journal(home, practice)["decision"].to_list() == ["later"]
    assert [line["subject"].split()[1] for line in audited(home, "identity_decided")] == ["separate", "later"]


def test_one_person_is_asked_twice(page: AppTest, home: Home, practice: Practice):
    page = press(page, "Same person")
    assert "Tick that you are sure" in page.error[0].value
    assert not home.outcomes(practice.id).exists()
    page.checkbox[0].check()
    press(page, "Same person")
    [decision] = journal(home, practice).to_dicts()
    assert decision["decision"] == "link" and decision["decided_by"]
    assert {decision["left_id"], decision["right_id"]} == {CONTACT, CHART}


@pytest.mark.parametrize("role", ["leadership", "analyst", "analyst_phi", "care_team", "admin"])
def test_nobody_but_the_steward_may_open_the_page(home: Home, role: str):
    assert "Same person" not in {button.label for button in opened(role).button}


@pytest.mark.slow
def test_a_decision_on_the_page_holds_after_the_next_run_until_it_is_undone(page: AppTest, home: Home, practice: Practice):
    page.checkbox[0].check()
    page = press(page, "Same person")
    assert n_people(home, practice) == 1
    press(view(page, "Decided"), "Different people")
    assert n_people(home, practice) == 2
