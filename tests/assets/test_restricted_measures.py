"""Who may not see restricted measures is told nowhere that a patient has HIV, uses substances or is at risk of suicide."""

import json
import re

import pytest

from dashboards.access.roles import ADMIN, ANALYST_PHI, CARE_TEAM, STEWARD, Viewer
from dashboards.store.scope import Scope, open_scoped
from pipelines.exports.board_report.period import month
from pipelines.exports.board_report.report import report
from pipelines.exports.fhir.files import GAPS, INDIVIDUAL, SUMMARY, export
from pipelines.home import Home

TELLING = r"\bhiv\b|suicid|substance use|opioid|alcohol"
RESTRICTED = ("CMS137", "CMS177", "CMS314", "CMS349", "CMS1157", "CMS1188")
OF_RESTRICTED = r"\bCMS(?:137|177|314|349|1157|1188)\b"


def _telling_columns(home: Home, viewer: Viewer) -> set[str]:
    """The columns of a viewer's tables of patients in which a text tells of one of the three."""
    with open_scoped((home.published / "current").resolve(), Scope.of(viewer)) as connection:
        texts = connection.execute(
            """
            with columns as (
                select table_schema || '.' || table_name as table_name, column_name, data_type
                from information_schema.columns
                where table_catalog = current_database() and table_schema in ('marts', 'delivery')
            )
            select texts.table_name, texts.column_name
            from columns as texts
            inner join columns as keys on texts.table_name = keys.table_name and keys.column_name = 'patient_key'
            where texts.data_type = 'VARCHAR'
            """
        ).fetchall()
        query = "select count(*) from {} where regexp_matches(lower({}), ?)"
        return {
            f"{table}.{column}"
            for table, column in texts
            if connection.execute(query.format(table, column), [TELLING]).fetchall() != [(0,)]
        }


@pytest.fixture
def sites(sample_home: Home) -> tuple[str, ...]:
    with open_scoped((sample_home.published / "current").resolve(), Scope.of(Viewer("cy", ANALYST_PHI))) as connection:
        return tuple(site for (site,) in connection.execute("select location_id from marts.dim_locations").fetchall())


@pytest.mark.parametrize("role", [CARE_TEAM, STEWARD, ADMIN])
def test_no_text_of_a_patient_tells_a_role_that_may_not_see_restricted_measures(sample_home: Home, sites, role: str):
    assert _telling_columns(sample_home, Viewer("bo", role, sites)) == set()


def test_an_analyst_with_patient_data_is_told(sample_home: Home):
    told = _telling_columns(sample_home, Viewer("cy", ANALYST_PHI))
    assert {"marts.fct_measure_results.reason", "marts.fct_care_gaps.reason"} <= told


def test_the_board_report_has_no_restricted_measure_for_roles_that_may_not_see_one_open_it_too(sample_home: Home):
    text = report((sample_home.published / "current").resolve(), month("2026-09"))
    assert "Breast Cancer Screening" in text
    assert re.findall(TELLING, text.lower()) == []


def test_the_restricted_measures_are_reported_by_their_counts_and_of_no_patient(sample_home: Home, tmp_path):
    """HIV: CMS314, CMS349, CMS1157, CMS1188; substance use: CMS137; risk of suicide: CMS177. The sample has patients of each."""
    export(sample_home, tmp_path, measures=[*RESTRICTED, "CMS125"])
    lines = {name: (tmp_path / name).read_text(encoding="utf-8").splitlines() for name in (SUMMARY, INDIVIDUAL, GAPS)}
    assert {json.loads(line)["id"] for line in lines[SUMMARY]} == {f"{code}-2026" for code in [*RESTRICTED, "CMS125"]}
    assert {json.loads(line)["id"].partition("-")[0] for line in lines[INDIVIDUAL]} == {"CMS125"}
    assert not any(re.search(OF_RESTRICTED, line) for line in lines[GAPS])


def test_the_published_lists_and_tasks_tell_of_no_restricted_measure(sample_home: Home):
    """`outreach_*.csv` and the clinician's list go to people and to the CRM as they are."""
    texts = {path.name: path.read_text(encoding="utf-8-sig") for path in (sample_home.published / "current").glob("*.csv")}
    assert texts.keys() >= {"outreach_list.csv", "outreach_tasks.csv", "outreach_held_out.csv", "for_clinician.csv"}
    assert "CMS125 " in texts["outreach_list.csv"]
    told = [(name, re.findall(f"{TELLING}|{OF_RESTRICTED}", text, re.IGNORECASE)) for name, text in texts.items()]
    assert [(name, words) for name, words in told if words] == []
