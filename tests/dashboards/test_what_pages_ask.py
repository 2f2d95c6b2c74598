"""Pages read tables made for them, run each query once, and cache results per role."""

import re
from collections.abc import Callable

import pytest

from dashboards.access.roles import ADMIN, PAGES
from dashboards.store import published
from pipelines.home import CHECKOUT

MADE_FOR_PAGES = {
    "catalog": {"checks", "columns", "lineage", "lineage_tables", "tables"},
    "delivery": {
        "fct_program_claims", "fct_program_effects", "fct_program_months", "fct_program_ownership_costs", "fct_program_returns",
        "fct_program_sensitivity", "fct_program_value", "fct_program_volumes", "out_campaigns", "out_outreach_list",
        "out_outreach_suppressions",
        "out_patient_profiles",
    },
    "marts": {
        "dim_extracts", "dim_identity_records", "dim_kpis", "dim_locations", "dim_measures", "dim_programs", "dim_providers",
        "fct_appointment_patterns", "fct_baselines", "fct_claim_answers", "fct_data_findings", "fct_deliveries",
        "fct_identity_decisions",
        "fct_identity_reviews", "fct_kpi_periods", "fct_kpi_slices", "fct_kpis", "fct_lead_sources",
        "fct_measure_performance", "fct_open_gap_ages", "fct_outreach_outcomes", "fct_patient_cohorts",
        "fct_receivable_ages", "fct_revenue_flows",
    },
    "ml": {
        "campaign_effects", "model_cards", "model_curves", "model_evaluations", "model_importances", "model_monitoring",
        "outreach_lift",
    },
}  # fmt: skip
"""None of them has a row a visit, a claim or a payment: these grow with the practice, and are read where one patient's drawer or
one figure's rows are opened."""
MOST_QUESTIONS = 15
ROLE_OF = {
    page.name: next(role for role in ("leadership", "care_team", "analyst", "steward", ADMIN) if role in page.roles)
    for page in PAGES
    if page.roles
}
"""Break-glass stands beside the roles; `test_break_glass.py` has its tests."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every question that a database was asked, and no cache could answer."""
    questions: list[str] = []
    answer = published._answer

    def listening(folder: str, scope: published.Scope, query: str, parameters: tuple):
        questions.append(query)
        return answer(folder, scope, query, parameters)

    published._ask.clear()
    monkeypatch.setattr(published, "_answer", listening)
    return questions


@pytest.mark.parametrize("page", list(ROLE_OF))
def test_a_page_asks_few_questions_of_tables_made_for_pages_and_none_when_it_is_drawn_again(
    app: Callable, asked: list, page: str
):
    test = app(page, role=ROLE_OF[page])
    assert not test.exception
    assert len(asked) <= MOST_QUESTIONS
    tables = {table for query in asked for table in re.findall(r"\b(marts|ml|delivery|catalog)\.(\w+)", query)}
    assert {f"{schema}.{name}" for schema, name in tables if name not in MADE_FOR_PAGES[schema]} == set()
    asked.clear()
    test.run()
    assert not test.exception
    assert asked == []


def test_an_answer_to_one_role_is_never_given_to_another(app: Callable, asked: list):
    """Both open the same page of the same publication; each is answered from what its own role may see."""
    app("catalog", role="leadership")
    assert asked
    asked.clear()
    app("catalog", role="analyst")
    assert asked


def test_a_chart_is_built_in_one_step():
    """Plotly checks a whole figure in 3 ms, and takes 2 to 8 for each change of one that exists: an overview had 180 of them."""
    changes = re.compile(r"\.(update_(layout|traces|xaxes|yaxes|annotations|shapes)|add_(trace|scatter|bar|[hv]line|[hv]rect))\(")
    files = (CHECKOUT / "dashboards").rglob("*.py")
    assert [path.name for path in files if changes.search(path.read_text())] == []


def test_polars_calls_no_python():
    """Its threads would wait for Python's lock, and `st.dataframe`, which holds it, for its threads: the server stands still."""
    calls = re.compile(r"\.(map_elements|map_batches|map_groups|map_rows)\(")
    files = (CHECKOUT / "dashboards").rglob("*.py")
    assert [path.name for path in files if calls.search(path.read_text())] == []


def test_no_query_names_the_day_of_an_instant_without_the_practices_time_zone():
    """Instants are in UTC: a visit on 4 March at 19:30 in New York stood on the page as one of 5 March."""
    sources = {path: path.read_text() for path in (CHECKOUT / "dashboards").rglob("*.py")}
    days = re.compile(r"cast\((?:\w+\.)?\w+_at as date\)|date_trunc\('day', (?:\w+\.)?\w+_at\)|\w+_at::date")
    assert days.search("cast(gaps.next_appointment_at as date)")
    assert [str(path) for path, text in sources.items() if days.search(text)] == []
