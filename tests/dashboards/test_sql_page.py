"""The SQL page answers a mistake in words, and finds what people look for."""

import pytest


@pytest.fixture
def answered(app):
    """`answered("select …")`: the page after this query, as an analyst with patient data."""

    def run(query: str, role: str = "analyst_phi"):
        page = app("sql", role=role)
        page.text_area(key="sql_text").set_value(query).run()
        page.button(key="sql_run").click().run()
        assert not page.exception
        return page

    return run


def test_a_wrong_column_is_answered_like_a_wrong_table_with_the_columns_that_there_are(answered):
    [said] = [one.value.replace("\\", "") for one in answered("select payer from fct_claims").error]
    assert said.startswith("There is no column payer. Did you mean payer_class or payer_id or payer_name?")
    assert "marts.fct_claims has claim_key, " in said and "Binder" not in said and "LINE" not in said


def test_a_wrong_table_with_its_schema_is_answered_with_the_nearest_in_words(answered):
    [said] = [one.value.replace("\\", "") for one in answered("select * from marts.fct_appointmnts").error]
    assert said == "There is no table marts.fct_appointmnts. Did you mean marts.fct_appointments?"


@pytest.mark.parametrize("name", ["marts.fct_kpis", "fct_kpis"])
def test_a_table_of_the_whole_warehouse_alone_is_said_to_be_there_and_who_may_query_it(answered, name: str):
    """It was answered with `Did you mean marts.fct_claims?`, for its spelling."""
    [said] = [one.value.replace("\\", "") for one in answered(f"select * from {name}", role="analyst").error]
    assert said == (
        f"There is no table {name}. marts.fct_kpis is in the whole warehouse alone: the de-identified file holds rows of "
        "persons of one year, and no counts, sites or work lists. Ask somebody of the role Analyst with patient data to query it."
    )


def test_a_column_of_patients_is_not_named_to_whoever_sees_none(answered):
    """The de-identified file has no `mrn`."""
    [said] = [one.value.replace("\\", "") for one in answered("select mrn from dim_patients", role="analyst").error]
    assert said.startswith("There is no column mrn.") and "mrn," not in said.partition(" has ")[2]


def test_text_in_double_quotes_is_told_to_stand_in_single_ones(answered):
    [said] = [one.value.replace("\\", "") for one in answered('select count(*) from dim_patients where state = "OH"').error]
    assert "A text stands in single quotes: 'OH'." in said


def test_an_empty_count_says_what_its_column_always_is(answered):
    """Every address of the sample is in Ohio; the column is no list of choices."""
    said = [one.value for one in answered("select count(*) as n from marts.dim_patients where state = 'XX'").info]
    assert any(one.endswith("state is never 'XX'. It is always OH.") for one in said)


def test_names_of_patients_are_never_offered_for_one_that_nobody_has(answered):
    said = [one.value for one in answered("select count(*) as n from dim_patients where last_name = 'Zzz'").info]
    assert any("Nothing matched" in one for one in said) and not any("last_name is" in one for one in said)


@pytest.mark.parametrize(
    ("word", "table", "seen"),
    [
        ("no-shows", "ml.no_show_scores", {"kpi_code no_show_rate", "final_status"}),
        ("copay", "marts.fct_claims", {"patient_paid_usd", "movement_type"}),
        ("denials", "marts.fct_claim_answers", {"kpi_code initial_denial_rate", "is_initially_denied"}),
    ],
)
def test_a_search_finds_kpi_and_table_in_its_first_rows_and_shows_the_table(app, word: str, table: str, seen: set[str]):
    page = app("sql", role="analyst_phi")
    page.text_input(key="sql_find").set_value(word).run()
    assert not page.exception
    assert page.selectbox(key="sql_table").value == table
    assert seen <= set(page.dataframe[0].value["column_name"][:10])
    page.selectbox(key="sql_table").set_value("marts.dim_dates").run()
    assert page.selectbox(key="sql_table").value == "marts.dim_dates", "what is chosen stays, while the word does"
