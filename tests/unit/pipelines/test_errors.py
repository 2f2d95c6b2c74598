"""What an error says holds no value of a row."""

import pytest

from pipelines.errors import without_values


def test_values_quoted_by_another_librarys_error_are_left_out():
    """DuckDB quotes the value that it could not convert."""
    said = without_values("Conversion Error: Could not convert string 'Ann Example' to DATE\n  for column 'birth_date'")
    assert said == "Conversion Error: Could not convert string '…' to DATE for column '…'"


def test_a_long_message_ends_after_400_characters():
    assert len(without_values("x" * 1_000)) == 400


@pytest.mark.parametrize(
    "message",
    [
        "could not read 'Ann Example'",
        "could not read 'Ann O'Example'",
        'conversion failed for 1 out of 1 values: ["Ann Example"]',
        "the row can't be read: 'Ann Example'",
        "could not read 'Ann Example and no end",
    ],
)
def test_no_value_is_left_however_it_is_quoted(message):
    assert "Example" not in without_values(message)
