"""Data health, catalog and model: every part of each page is drawn for every role that may open it, and says what is so."""

import json
import re
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from pipelines.cli.console import console
from pipelines.cli.findings import findings
from pipelines.cli.summary import print_summary
from pipelines.defs.run import Run
from pipelines.landing.land import LandingReport
from pipelines.publications.store import current
from pipelines.sql.connection import open_file

PARTS = {
    "data_health": ("view", ["Kept out", "Read otherwise", "Deliveries", "Checks", "Identities", "Versions"]),
    "catalog": ("kind", ["Measures", "Tables", "Columns"]),
    "model": ("part", ["Fairness", "Monitoring", "Card"]),
}
"""Of each page the key of its views, and those beside the first, which the page opens on."""


@pytest.mark.parametrize(
    ("page", "role"),
    [
        ("data_health", "leadership"),
        ("data_health", "care_team"),
        ("catalog", "analyst"),
        ("catalog", "care_team"),
        ("model", "leadership"),
    ],
)
def test_every_part_of_the_page_is_drawn(app, page: str, role: str):
    shown: AppTest = app(page, role=role)
    key, parts = PARTS[page]
    assert not shown.exception
    for part in parts:
        shown.session_state[key] = part
        shown.run()
        assert not shown.exception, part


def test_quarantined_rows_are_shown_with_file_row_and_reason(app):
    page = app("data_health", role="leadership")
    page.session_state["view"] = "Kept out"
    page.run()
    rows = page.dataframe[1].value
    assert len(rows) and rows[["file_name", "row_number", "reason"]].notna().all().all()


def test_a_row_kept_out_is_told_with_the_export_whose_file_it_is_in(app):
    """Both deliveries of the sample hold a `charges.csv.gz`; the bad row came in the one of September."""
    page = app("data_health", role="leadership", address={"view": "Kept out"})
    by_reason, rows = page.dataframe[0].value, page.dataframe[1].value
    [first] = by_reason.loc[by_reason["extract"] == "charges", "example"]
    assert first == "charges.csv.gz (30 Sep 2026), row 16442"
    [at] = rows.loc[rows["extract"] == "charges", "exported_at"]
    assert f"{at:%Y-%m-%d}" == "2026-09-30"


def test_a_warning_check_is_shown_in_words(app):
    page = app("data_health", role="leadership")
    page.session_state["view"] = "Checks"
    page.run()
    assert any("quarantined" in warning.value for warning in page.warning)


@pytest.fixture
def delivered(sample_warehouse) -> Callable[[str], tuple]:
    """`delivered("sum(n_landed)")` is that of the landed files of the sample."""

    def asked(what: str) -> tuple:
        with open_file(sample_warehouse, read_only=True) as connection:
            return connection.execute(f"select {what} from marts.fct_deliveries where status = 'landed'").fetchall()[0]

    return asked


def test_the_time_of_the_build_is_said_to_be_that_of_the_build_alone(app):
    """A run prints its whole time, 108 s, beside 1.4 minutes here: it reads the deliveries before it builds."""
    [tile] = [one for one in app("data_health").metric if one.label == "Published"]
    assert re.fullmatch(r"at \d\d:\d\d; once read, built in \d+\.\d minutes", tile.delta)


def test_rows_kept_out_are_a_share_of_all_that_were_delivered_and_are_not_written_as_none(app, delivered):
    """The sample has rows that a newer version has superseded: these were delivered too."""
    n_delivered, n_kept_out, n_superseded = delivered("sum(n_delivered), sum(n_quarantined), sum(n_superseded)")
    assert n_superseded > 0 and n_kept_out / n_delivered < 0.0005
    [tile] = [one for one in app("data_health").metric if one.label == "Rows kept out"]
    assert (tile.value, tile.delta) == (f"{n_kept_out:,}", f"0.003 % of {n_delivered:,} delivered")


def test_the_minutes_of_a_build_are_those_that_the_run_printed_of_its_own(app, sample_home):
    """A run of 108.2 s, which reads the deliveries first, and 1.4 minutes on the page seemed to speak of one thing."""
    publication = current(sample_home)
    with console.capture() as printed:
        print_summary(findings(sample_home, publication), Run(publication, True, LandingReport((), ())), seconds=108.2)
    [minutes] = re.findall(r"in 108\.2 s, of which the build took ([\d.]+) minutes", " ".join(printed.get().split()))
    [tile] = [one for one in app("data_health").metric if one.label == "Published"]
    assert tile.delta.endswith(f"built in {minutes} minutes")


def test_the_rows_of_the_sources_add_up_to_the_rows_in_use(app, delivered):
    """A deletion that a source delivers is a row of its own: no kind of file has it, and the total does."""
    page = app("data_health")
    cards = [int(found[1].replace(",", "")) for one in page.caption if (found := re.search(r"· ([\d,]+) rows?$", one.value))]
    [total] = [one.value for one in page.metric if one.label == "Rows in use"]
    assert len(cards) == 3 and f"{sum(cards):,}" == total == f"{delivered('sum(n_landed)')[0]:,}"


def test_every_warning_is_named_on_opening_with_what_is_wrong_before_what_must_be_so(app):
    page = app("data_health")
    [tile] = [one for one in page.metric if one.label == "Checks passed"]
    assert tile.delta.startswith(f"{len(page.warning)} warning")
    [rows] = [one.value for one in page.warning if "quarantined" in one.value]
    assert re.match(r"\*\*15 ", rows) and "**What must be so" not in rows and "What must be so: Every delivered row" in rows


def test_the_table_of_exports_has_the_clock_of_the_cards_above_it(app):
    """The sample's practice is in New York: its evening is a day of UTC later."""
    page = app("data_health")
    newest = page.dataframe[0].value["newest_exported_at"].max()
    cards = " ".join(one.value for one in page.markdown)
    assert f"newest export {newest.day} {newest:%b %Y, %H:%M}" in cards


@pytest.fixture
def last_run_failed(app, shown_home, sample_home) -> Callable[..., AppTest]:
    """`last_run_failed("2026-11-02")` is data health after a run that failed on that day; `number=3`: after publication 3."""

    def shown(day: str, **more: int) -> AppTest:
        (shown_home / "published").unlink()
        (shown_home / "published").mkdir()
        for path in sample_home.published.iterdir():
            if path.name != "last_run.json":
                (shown_home / "published" / path.name).symlink_to(path.resolve())
        told = {"ended_at": f"{day}T08:30:00+00:00", "status": "failed", "reason": "crm/contacts.csv is empty."} | more
        (shown_home / "published" / "last_run.json").write_text(json.dumps(told))
        return app("data_health", role="leadership")

    return shown


def test_a_failed_run_is_shown_with_its_reason(last_run_failed):
    assert "contacts.csv is empty" in last_run_failed("2126-01-01").error[0].value


def test_a_failed_run_older_than_the_publication_is_not_shown(last_run_failed):
    assert not last_run_failed("2016-01-01").error


@pytest.mark.parametrize(("day", "number", "is_shown"), [("2126-01-01", 0, False), ("2016-01-01", 10_000, True)])
def test_whether_a_failed_run_is_over_is_told_by_numbers_where_there_are_any(last_run_failed, day, number, is_shown):
    """The clock was set back after the run, or before it: what counts is whether something newer was published."""
    assert bool(last_run_failed(day, number=number).error) is is_shown


def test_a_search_in_the_catalog_finds_by_every_word_and_takes_attacks_for_text(app):
    page = app("catalog", role="analyst")
    page.text_input(key="words").set_value("no-show rate").run()
    assert "No-show rate" in page.header[0].value
    for attack in ("' or 1=1 --", "(?=x)", "[a-", "\\q", "<script>"):
        page.text_input(key="words").set_value(attack).run()
        assert not page.exception
        assert any("Nothing matches" in said.value for said in page.info)


@pytest.mark.parametrize(
    ("kind", "words", "found"),
    [
        ("Measures", "breast screening", "Breast"),
        ("Tables", "outreach list", "out_outreach_list"),
        ("Columns", "no_show", "no_show"),
        ("KPIs", "denials", "Initial denial rate"),
        ("Tables", "no-show", "ml.no_show_scores"),
        ("Tables", "copay", "marts.fct_claims"),
        ("Tables", "denials", "marts.fct_claim_answers"),
        ("Columns", "copay", "patient_paid_usd"),
    ],
)
def test_every_part_of_the_catalog_is_searched_by_the_words_of_people_as_the_sql_page_is(app, kind: str, words: str, found: str):
    page = app("catalog", role="leadership")
    page.session_state["kind"] = kind
    page.run()
    page.text_input(key="words").set_value(words).run()
    assert not page.exception
    assert found in " ".join([*(one.value for one in page.header), *(str(one.value) for one in page.dataframe)])


def test_a_table_in_the_catalog_says_what_it_is_made_from(app):
    page = app("catalog", role="leadership")
    page.session_state["kind"] = "Tables"
    page.run()
    page.selectbox(key="table").set_value("marts.fct_touches").run()
    words = " ".join(text.value for text in page.markdown)
    assert "crm touches" in words and "Newest export" in words


def test_a_kpi_names_the_tables_that_it_is_made_from_first_and_folds_what_these_are_made_from(app):
    """The no-show rate counts appointments: one table, made from dozens."""
    page = app("catalog", role="leadership", address={"kpi": "No-show rate"})
    direct = next(text.value for text in page.markdown if text.value.startswith("**Directly from**"))
    assert "int_activity__appointments" in direct and len(direct.split(",")) <= 6
    [fold] = [one for one in page.expander if one.label.startswith("What these are made from")]
    further = fold.dataframe[0].value
    assert len(further) > 6 and "int_activity__appointments" not in " ".join(further["table_name"])


def test_the_model_page_says_what_the_model_is_not_for(app):
    page = app("model", role="leadership")
    page.session_state["part"] = "Card"
    page.run()
    assert any("never for overbooking" in text.value for text in page.markdown)


def test_a_kpi_of_the_catalogue_has_a_statement_that_runs_and_says_the_hours_of_its_notice(app, sample_warehouse):
    """24 hours is what the sample's practice has."""
    page = app("catalog", role="analyst_phi")
    assert "less than 24 hours before the start" in " ".join(one.value for one in page.markdown)
    assert "Not counted: Left out" not in " ".join(one.value for one in page.markdown)
    with open_file(sample_warehouse, read_only=True) as connection:
        assert connection.execute(page.code[0].value).fetchall()
