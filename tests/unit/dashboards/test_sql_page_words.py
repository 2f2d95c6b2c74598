"""The SQL page finds tables by the words that people use, and says why a query found nothing."""

import polars as pl
import pytest

from dashboards.sandbox.nothing_found import is_nothing, reasons
from dashboards.sandbox.vocabulary import matching, meant

CATALOGUE = pl.DataFrame(
    {
        "table_name": ["marts.fct_claims", "marts.fct_claims", "marts.fct_payments", "marts.fct_touches", "marts.dim_dates"],
        "column_name": [None, "is_initially_denied", None, None, "day_on"],
        "description": ["One row per claim.", "Denied at first.", "What was paid.", "One row per message or call.", "The day."],
    }
)


@pytest.mark.parametrize(
    ("words", "table"),
    [
        ("denials", "marts.fct_claims"),
        ("collections", "marts.fct_payments"),
        ("text messages", "marts.fct_touches"),
        ("initially denied", "marts.fct_claims"),
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
        ("fct_zzz", []),
    ],
)
def test_a_table_that_is_not_there_is_looked_for_by_its_words_and_then_by_its_spelling(name: str, tables: list[str]):
    assert meant(CATALOGUE, name) == tables


def test_a_table_comes_before_its_columns():
    assert matching(CATALOGUE, "claims")["column_name"].to_list() == [None, "is_initially_denied"]


def test_an_empty_count_names_the_value_that_its_column_never_has():
    columns = pl.DataFrame(
        {
            "table_name": ["marts.fct_appointments"],
            "column_name": ["final_status"],
            "allowed_values": ["booked, completed, no_show, cancelled"],
        }
    )
    assert is_nothing(pl.DataFrame({"n": [0]})) and is_nothing(pl.DataFrame({"n": []}))
    assert not is_nothing(pl.DataFrame({"n": [0, 0]}))
    said = reasons("select count(*) from fct_appointments where final_status = 'no-show'", columns)
    assert said == [
        "final_status is never 'no-show': did you mean 'no_show'? It is one of booked, cancelled, completed, no_show."
    ]
    assert reasons("select 1 from fct_appointments where final_status in ('booked', 'completed')", columns) == []
