"""Every page × every role: a page that a role may not see is absent, and those that it may see are drawn without an error."""

import json
import re

import pytest

from dashboards.access.roles import EVERY_PAGE, PAGES, ROLES
from models.audit_log.store import audit_log
from pipelines.home import CHECKOUT

MATRIX = [(page.name, role) for page in PAGES for role in ROLES]
ALLOWED = {
    "leadership": {
        "overview", "kpi_explorer", "care_gaps", "appointments", "retention", "revenue", "roi", "model", "catalog", "data_health",
        "connections", "campaigns", "alerts",
    },
    "analyst": {"sql", "catalog"},
    "analyst_phi": {
        "overview", "kpi_explorer", "care_gaps", "appointments", "retention", "revenue", "roi", "model", "sql", "catalog",
        "data_health", "alerts",
    },
    "care_team": {"care_gaps", "outreach", "campaigns", "catalog", "data_health"},
    "steward": {"identities", "connections", "catalog", "data_health", "alerts"},
    "admin": {
        "overview", "kpi_explorer", "care_gaps", "appointments", "retention", "revenue", "roi", "model", "catalog", "data_health",
        "audit", "connections", "alerts",
    },
}  # fmt: skip
"""Written out a second time, so that a role is not widened by accident."""


def test_the_roles_and_their_pages_are_these():
    assert {role: {page.name for page in PAGES if role in page.roles} for role in ROLES} == ALLOWED


def test_the_guide_for_operators_gives_each_role_its_own_pages():
    """The pages that its table does not name are in the sentence below it."""
    guide = (CHECKOUT / "docs" / "operators.md").read_text()
    assert "All roles have the catalog, and all but `analyst` data health." in guide
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", guide, re.M))
    titles = {page.name: page.title.lower() for page in PAGES}
    for role in ("leadership", "analyst", "care_team", "steward"):
        named = {name for name, title in titles.items() if re.search(rf"\b{title}\b", rows[role].lower())}
        assert named | {"catalog", "data_health"} == ALLOWED[role] | {"data_health"}, role


def test_every_page_has_a_file_and_every_file_is_a_page():
    files = {path.stem for path in (CHECKOUT / "dashboards" / "app_pages").glob("[a-z]*.py")}
    assert files == {page.name for page in EVERY_PAGE}


@pytest.mark.slow
@pytest.mark.parametrize(("page", "role"), MATRIX)
def test_a_role_gets_the_page_or_its_own_first_page_instead(app, page, role):
    shown = app(page, role=role)
    assert not shown.exception
    titles = {one.name: one.title for one in PAGES}
    allowed = [one.name for one in PAGES if role in one.roles]
    assert shown.title[0].value == titles[page if page in allowed else allowed[0]]


@pytest.mark.parametrize(("page", "role"), [("audit", "analyst"), ("sql", "care_team")])
def test_a_role_is_refused_a_page_of_another(app, page, role):
    shown = app(page, role=role)
    assert not shown.exception
    assert shown.title[0].value not in {"Audit log", "SQL"} & {one.title for one in PAGES if role not in one.roles}


def test_real_patients_are_not_shown_without_sign_in(app, shown_home, tmp_path):
    """The same files, said to be of a real practice."""
    current = (shown_home / "published" / "current").resolve()
    (shown_home / "published").unlink()
    real = shown_home / "published" / "current"
    real.mkdir(parents=True)
    manifest = json.loads((current / "manifest.json").read_text()) | {"is_synthetic": False}
    (real / "manifest.json").write_text(json.dumps(manifest))
    for name in ("warehouse.duckdb", "deidentified.duckdb"):
        (real / name).symlink_to(current / name)
    shown = app()
    assert "sign-in" in shown.error[0].value
    assert not shown.metric and not shown.sidebar.selectbox


def test_a_query_is_recorded_with_its_tables_and_rows_and_never_its_text(app, shown_home):
    page = app("sql", role="analyst")
    page.text_area(key="sql_text").set_value("select kpi_code, 'Quenby' as name from marts.dim_kpis limit 3").run()
    page.button(key="sql_run").click().run()
    for _ in range(60):
        if page.dataframe and "kpi_code" in page.dataframe[-1].value.columns:
            break
        page.run()
    assert not page.exception and not page.error
    log = shown_home / "audit"
    asked, answered = audit_log(shown_home).entries()
    assert (asked["event"], answered["event"], answered["n_rows"]) == ("queried", "query_answered", 3)
    assert answered["subject"].endswith("marts.dim_kpis")
    assert "Quenby" not in (log / "audit.jsonl").read_text()
    assert audit_log(shown_home).verify().is_whole


def test_an_attack_typed_into_a_field_of_the_sql_page_is_text(app):
    page = app("sql", role="analyst")
    for attack in (
        "<script>alert(1)</script>",
        "'; drop table marts.dim_kpis; --",
        "=cmd|' /C calc'!A0",
        "%_\x00",
        "![x](//e.org/x.png)",
    ):
        page.text_input(key="sql_find").set_value(attack)
        page.text_input(key="sql_name").set_value(attack)
        page.text_area(key="sql_text").set_value(attack)
        page.button(key="sql_run").click().run()
        assert not page.exception
        assert "![" not in "".join(error.value for error in page.error)


def test_tampering_shows_on_the_administrators_page(app, shown_home):
    app("sql", role="analyst")
    from dashboards.access.audit_log import record
    from dashboards.access.roles import Viewer

    for rows in (1, 2, 3):
        record("exported", subject="care_gaps.csv", n_rows=rows, viewer=Viewer("ann", "leadership"))
    assert "intact" in app("audit", role="admin").success[0].value
    path = shown_home / "audit" / "audit.jsonl"
    path.write_text(path.read_text().replace('"n_rows": 2', '"n_rows": 1'))
    assert "tampered" in app("audit", role="admin").error[0].value


def test_signs_of_intrusion_show_on_the_administrators_page(app, shown_home):
    """Eleven queries for what is not allowed, within a second; the limit is ten."""
    from dashboards.access.audit_log import record
    from dashboards.access.roles import Viewer

    for _ in range(11):
        record("query_refused", subject="0123456789abcdef forbidden", viewer=Viewer("mallory", "analyst"))
    page = app("audit", role="admin")
    assert not page.exception
    assert [warning.value.partition(": ")[2] for warning in page.warning] == [
        "mallory asked 11 times in short order for what queries may not do (limit 10)."
    ]
