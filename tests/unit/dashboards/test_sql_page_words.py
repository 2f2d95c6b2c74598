"""The SQL page finds tables by the words that people use, and says why a query found nothing."""

import polars as pl
import pytest

from dashboards.sandbox.nothing_found import is_nothing, reasons
from dashboards.sandbox.vocabulary import matching, meant, meant_columns

CATALOGUE = pl.DataFrame(
    {
        "table_name": ["marts.fct_claims", "marts.fct_claims", "marts.fct_payments", "marts.fct_touches", "marts.dim_dates"],
        "column_name": [None, "is_initially_denied", None, None, "day_on"],
        "description": [
            "One row per claim.",
            "Denied at first.",
            "What a patient paid.",
            "One row per message or call.",
            "The day.",
        ],
    }
)


@pytest.mark.parametrize(
    ("words", "table"),
    [
        ("denials", "marts.fct_claims"),
        ("collections", "marts.fct_payments"),
        ("text messages", "marts.fct_touches"),
        ("initially denied", "marts.fct_claims"),
        ("copay", "marts.fct_payments"),
    ],
)
def test_a_table_is_found_by_the_word_of_people(words: str, table: str):
    assert matching(CATALOGUE, words)["table_name"].to_list()[:1] == [table]


@pytest.mark.parametrize(
    ("name", "tables"),
    [
        ("fct_denials", ["marts.fct_claims"]),
        ("collections", ["marts.fct_payments"]),
        ("dim_dtaes", ["marts.dim_dates"]),
        ("marts.dim_dtaes", ["marts.dim_dates"]),
        ("ml.fct_denials", ["marts.fct_claims"]),
        ("fct_zzz", []),
    ],
)
def test_a_table_that_is_not_there_is_looked_for_by_its_words_and_then_by_its_spelling(name: str, tables: list[str]):
    assert meant(CATALOGUE, name) == tables


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("payer", ["payer_class", "payer_name"]),
        ("payer_nmae", ["payer_name"]),
        ("no_show", ["final_status"]),
        ("zzz", []),
        ("_", []),
    ],
)
def test_a_column_that_is_not_there_is_looked_for_in_names_then_by_spelling_then_in_descriptions(name: str, columns: list[str]):
    table = "marts.fct_appointments"
    catalogue = pl.DataFrame(
        {
            "table_name": [table, table, table, table, "marts.dim_payers"],
            "column_name": [None, "payer_class", "payer_name", "final_status", "payer"],
            "description": [
                "One row per appointment.",
                "Its class.",
                "Its name.",
                "One of booked, no_show.",
                "Of another table.",
            ],
        }
    )
    assert meant_columns(catalogue, name, [table]) == columns


def test_a_column_that_speaks_of_a_word_comes_before_the_columns_of_a_table_with_it_in_its_name():
    """`no-shows` had all columns of `ml.no_show_scores` first, and appointments far below."""
    catalogue = pl.DataFrame(
        {
            "table_name": ["ml.no_show_scores", "ml.no_show_scores", "ml.no_show_scores", "marts.fct_appointments"],
            "column_name": [None, "appointment_key", "risk", "final_status"],
            "description": ["Risks.", "Which.", "How much.", "One of booked, no_show."],
        }
    )
    assert matching(catalogue, "no-shows")["column_name"].to_list() == [None, "final_status", "appointment_key", "risk"]


def test_a_table_comes_before_its_columns():
    assert matching(CATALOGUE, "claims")["column_name"].to_list() == [None, "is_initially_denied"]


def test_an_empty_count_names_the_value_that_its_column_never_has():
    known = {"final_status": ["booked", "completed", "no_show", "cancelled"]}
    assert is_nothing(pl.DataFrame({"n": [0]})) and is_nothing(pl.DataFrame({"n": []}))
    assert not is_nothing(pl.DataFrame({"n": [0, 0]}))
    said = reasons("select count(*) from fct_appointments where final_status = 'no-show'", known)
    assert said == [
        "final_status is never 'no-show': did you mean 'no_show'? It is one of booked, cancelled, completed, no_show."
    ]
    assert reasons("select 1 from fct_appointments where final_status in ('booked', 'completed')", known) == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["OH"], ["state is never 'XX'. It is always OH."]),
        (["OH", "KY"], ["state is never 'XX'. It is one of KY, OH."]),
        ([], []),
    ],
)
def test_an_empty_count_names_what_the_column_has_in_a_whole_sentence(values: list[str], said: list[str]):
    """One value is not one of several, and where none is known nothing is said of it."""
    assert reasons("select count(*) from dim_patients where state = 'XX'", {"state": values}) == said
