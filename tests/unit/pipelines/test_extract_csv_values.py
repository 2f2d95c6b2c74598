"""What stands in a cell is read one way, or not at all."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.contract import INSTANT, USD, Contract, field
from pipelines.extract.csv_values import doubts, taken_otherwise, typed

NEW_YORK = "America/New_York"


def value_of(text: str, dtype, time_zone: str = NEW_YORK):
    """The value; the reason, where the cell could not be read."""
    contract = Contract("table", "row", (), {"value": field(dtype, "A value.", nullable=True)})
    rows, failures = typed(pl.DataFrame({"value": [text], "_row_number": [2]}), contract, time_zone)
    return failures["reason"].item() if failures.height else rows["value"].item()


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-31", " 2026-03-31 ", "3/31/2026", "03/31/2026", "2026/03/31", "20260331", "31-Mar-2026", "2026-03-31 00:00:00",
        "2026-03-31T00:00:00Z", "3/31/2026 0:00", "3/31/2026 12:00:00 AM", "46112", "46112.0", "March 31, 2026", "Mar 31, 2026",
        "31 March 2026", "31 Mar 2026",
    ],
)  # fmt: skip
def test_a_day_is_read_as_people_and_spreadsheets_write_it(text: str):
    """46112 is what Excel makes of 2026-03-31."""
    assert value_of(text, pl.Date) == date(2026, 3, 31)


@pytest.mark.parametrize(
    "text",
    [
        "3/31/26",
        "31/3/2026",
        "2026-02-30",
        "2026",
        "2026-03",
        "9999",
        "46112.5",
        "0026-03-31",
        "2026-03-31 14:05",
        "soon",
        "-46112",
    ],
)
def test_a_day_that_could_be_another_is_not_read(text: str):
    assert value_of(text, pl.Date) == "is not a readable date: write it as 2026-03-31"


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-31T14:05:00-04:00", "2026-03-31T18:05:00Z", "2026-03-31 18:05:00+00", "2026-03-31T18:05:00.000+0000",
        "2026-03-31 14:05", "2026-03-31T14:05", "2026-03-31 14:05:00.000", "3/31/2026 14:05", "3/31/2026 2:05 PM",
        "3/31/2026 2:05:00 pm", "46112.5868055556", "3/31/2026, 2:05:00 PM", "2026-03-31, 14:05", "2026-03-31T18:05Z",
        "2026-03-31 14:05-04:00",
    ],
)  # fmt: skip
def test_an_instant_is_read_with_its_offset_else_as_local_time(text: str):
    assert value_of(text, INSTANT) == datetime(2026, 3, 31, 18, 5, tzinfo=UTC)


def test_a_local_time_that_was_skipped_is_not_read_and_one_that_came_twice_is_the_later():
    """New York: 2026-03-08 has no 2:30; on 2026-11-01 the second 1:30 is standard time, five hours behind."""
    assert "not a readable date and time" in value_of("2026-03-08 02:30", INSTANT)
    assert value_of("2026-11-01 01:30", INSTANT) == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


def test_a_day_is_the_instant_of_local_midnight():
    assert value_of("3/31/2026", INSTANT) == datetime(2026, 3, 31, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        *[("12.5", "12.50"), ("12", "12.00"), ("$1,234.50", "1234.50"), ("(12.00)", "-12.00"), ("-$5", "-5.00")],
        *[("12.5000", "12.50"), ("$ (1,234.50)", "-1234.50"), ("($12.00)", "-12.00"), ("12.00-", "-12.00"), ("$ -", "0.00")],
        *[("USD 12.00", "12.00"), ("12.00 USD", "12.00"), ("US$12.00", "12.00"), ("USD -12.00", "-12.00")],
    ],
)
def test_an_amount_is_read_as_bookkeepers_write_it(text: str, amount: str):
    assert value_of(text, USD) == Decimal(amount)


@pytest.mark.parametrize(
    "text", ["12.505", "12,50", "1,23,456", "1e3", "twelve", "1234567890.00", "1,234,567,890", "EUR 12.00", "--5"]
)
def test_an_amount_that_would_be_rounded_or_guessed_is_not_read(text: str):
    assert value_of(text, USD) == "is not an amount in dollars and cents, such as 1234.50"


@pytest.mark.parametrize(("text", "number"), [("12", 12), ("12.0", 12), ("1,234", 1234), ("-3", -3), ("+4", 4)])
def test_a_whole_number_is_read(text: str, number: int):
    assert value_of(text, pl.Int32) == number


@pytest.mark.parametrize("text", ["12.5", "1,23", "9999999999", "1e3", "0x1", "one"])
def test_a_fraction_is_not_read_as_a_whole_number(text: str):
    assert value_of(text, pl.Int32) == "is not a whole number"


@pytest.mark.parametrize("text", ["NaN", "inf", "1,5", "1_000", "1e400"])
def test_an_infinite_number_is_not_read(text: str):
    assert value_of(text, pl.Float64) == "is not a number"


@pytest.mark.parametrize(
    ("text", "value"), [("TRUE", True), ("yes", True), ("Y", True), ("1", True), ("False", False), ("n", False)]
)
def test_true_and_false_are_read_in_many_words(text: str, value: bool):
    assert value_of(text, pl.Boolean) is value
    assert value_of("2", pl.Boolean) == "is neither true nor false"


def test_letters_of_a_listed_value_may_be_of_either_case():
    contract = Contract("table", "row", (), {"sex": field(pl.String, "Sex.", values=("female", "male"))})
    rows, _ = typed(pl.DataFrame({"sex": ["Female", "MALE", "Other"], "_row_number": [2, 3, 4]}), contract, NEW_YORK)

    assert rows["sex"].to_list() == ["female", "male", "Other"]


@given(st.dates(date(1800, 1, 1), date(2200, 12, 31)))
def test_any_day_survives_a_round_trip(day: date):
    assert value_of(day.isoformat(), pl.Date) == value_of(f"{day.month}/{day.day}/{day.year}", pl.Date) == day


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 12, 31)))
def test_any_instant_survives_a_round_trip(moment: datetime):
    moment = moment.replace(tzinfo=UTC)

    assert value_of(moment.isoformat(), INSTANT) == moment


@given(st.decimals(-(10**9) + 1, 10**9 - 1, places=2))
def test_any_amount_survives_a_round_trip(amount: Decimal):
    assert value_of(str(amount), USD) == value_of(f"{amount:,}", USD) == amount


@pytest.mark.parametrize(
    ("text", "sex"), [("F", "female"), ("m", "male"), ("U", "unknown"), ("O", "other"), ("Female", "female"), ("x", "unknown")]
)
def test_a_letter_for_sex_is_read_as_the_word(text: str, sex: str):
    """A word that is not in the list is unknown: a contact is not left out for it."""
    contract = Contract("table", "row", (), {"sex": field(pl.String, "Sex.", values=("female", "male", "other", "unknown"))})
    rows, failures = typed(pl.DataFrame({"sex": [text], "_row_number": [2]}), contract, NEW_YORK)
    assert rows["sex"].item() == sex
    assert failures.is_empty()


@pytest.mark.parametrize(
    ("text", "value"), [('="00123"', "00123"), ('=" "', None), ('="a""b"', '="a""b"'), ("=1+1", "=1+1"), ("00123", "00123")]
)
def test_text_wrapped_for_a_spreadsheet_is_unwrapped(text: str, value: str | None):
    assert value_of(text, pl.String) == value


@pytest.mark.parametrize("name", ["charge_id", "mrn", "provider_npi"])
def test_an_id_that_a_spreadsheet_has_rounded_is_not_read(name: str):
    contract = Contract("table", "row", (), {name: field(pl.String, "Id.", nullable=True)})
    ids = ["1.00235E+11", "1e+05", "100235000000", "1E5", "AE+11", None]
    _, failures = typed(pl.DataFrame({name: ids, "_row_number": range(2, 8)}), contract, NEW_YORK)
    assert failures["row_number"].to_list() == [2, 3]
    assert failures["reason"].str.starts_with("was rounded by a spreadsheet").all()


def test_a_note_in_scientific_notation_is_text():
    assert value_of("1.00235E+11", pl.String) == "1.00235E+11"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("'00123", "00123"),
        ("'+1 212 555 0101", "+1 212 555 0101"),
        ("'=1", "=1"),
        ("'t Hooft", "'t Hooft"),
        ('="00123"', "00123"),
    ],
)
def test_the_mark_by_which_a_spreadsheet_keeps_text_is_no_part_of_it(written: str, read: str):
    assert value_of(written, pl.String) == read


@pytest.mark.parametrize(
    ("written", "doubted"), [("123.0", True), ("123.00", True), ("123", False), ("1.5", False), ("A.0", False)]
)
def test_an_id_that_was_a_number_on_its_way_is_doubted_and_used(written: str, doubted: bool):
    contract = Contract("table", "row", (), {"charge_id": field(pl.String, "Id."), "note": field(pl.String, "Note.")})
    text = pl.DataFrame({"charge_id": [written], "note": [written], "_row_number": [7]})

    found = doubts(text, contract)

    assert found.select("row_number", "field").rows() == ([(7, "charge_id")] if doubted else [])


@pytest.mark.parametrize("dtype", [pl.Date, INSTANT, USD, pl.Int32, pl.Float64, pl.Boolean])
@pytest.mark.parametrize("text", ["NULL", "null", "\\N", "#N/A", "n/a", "None", "-", "0000-00-00", "0001-01-01 00:00:00"])
def test_a_sign_for_nothing_is_no_day_number_or_answer(text: str, dtype):
    assert value_of(text, dtype) is None


def test_a_sign_for_nothing_is_empty_and_counted_and_null_may_be_a_family_name():
    """As a database writes its tables: a word in each cell without a value, and MySQL's day for none."""
    listed = field(pl.String, "Listed.", nullable=True, values=("female", "male"))
    names = ("mrn", "last_name", "note")
    contract = Contract(
        "t",
        "row",
        (),
        {"sex": listed, "born": field(pl.Date, "Born.", nullable=True)} | {n: field(pl.String, "Text.") for n in names},
    )
    given = [
        ("NULL", "NULL", "NULL", "NULL", "NULL"),
        ("F", "0000-00-00", "\\N", "\\N", "n/a"),
        ("N/A", "1966-05-05", "7", "Null", "none"),
        ("male", "2026-03-31", "8", "Kestrel", "-"),
    ]
    text = pl.DataFrame(given, schema=["sex", "born", *names], orient="row").with_row_index("_row_number", 2)
    text = text.with_columns(pl.col("_row_number").cast(pl.Int64))

    rows, failures = typed(text, contract, NEW_YORK)

    assert failures.height == 0
    assert rows.select("sex", "born", *names).rows() == [
        (None, None, None, "NULL", None),
        ("female", None, None, None, "n/a"),
        (None, date(1966, 5, 5), "7", "Null", "none"),
        ("male", date(2026, 3, 31), "8", "Kestrel", "-"),
    ]
    kept = rows.filter(pl.col("_row_number") != 2)
    assert taken_otherwise(text, kept, contract).select("row_number", "field").rows() == [
        (4, "sex"),
        (3, "born"),
        (3, "mrn"),
        (3, "last_name"),
    ]


SEXES = Contract(
    "people",
    "person",
    ("person_id",),
    {
        "person_id": field(pl.String, "Id."),
        "sex": field(pl.String, "Sex.", values=("female", "male", "other", "unknown"), nullable=True),
        "payer": field(pl.String, "Payer.", values=("self_pay", "other"), nullable=True),
        "channel": field(pl.String, "Channel.", values=("sms", "phone", "mail"), nullable=True),
    },
)


def people(*values: str, of: str) -> tuple[list[str | None], list[tuple[int, str]]]:
    """What is made of one column of people, and which rows are counted as read otherwise."""
    cells = {name: ["x"] * len(values) if name == "person_id" else [None] * len(values) for name in SEXES.fields}
    text = pl.DataFrame(cells | {of: list(values), "_row_number": range(len(values))}, schema_overrides={"sex": pl.String})
    text = text.cast({name: pl.String for name in SEXES.fields})
    rows, _ = typed(text, SEXES, NEW_YORK)
    return rows[of].to_list(), sorted(taken_otherwise(text, rows, SEXES).select("row_number", "field").rows())


def test_a_sex_that_is_no_word_of_the_list_is_unknown_and_counted():
    """CRMs offer more words than FHIR has codes for; a contact is not left out for it."""
    found, counted = people("F", "woman", "MALE", "Non-binary", "Prefer not to say", "U", "n/a", of="sex")
    assert found == ["female", "female", "male", "unknown", "unknown", "unknown", None]
    assert counted == [(3, "sex"), (4, "sex"), (6, "sex")]


def test_signs_between_the_words_of_a_listed_value_say_nothing():
    found, counted = people("self_pay", "Self-Pay", "SELF PAY", "SelfPay", "Other", "Self Insured", of="payer")
    assert found == [*["self_pay"] * 4, "other", "Self Insured"]
    assert counted == []


def test_a_listed_value_may_be_called_as_people_call_it_and_a_payers_name_says_no_class():
    found, _ = people("Self", "cash", "Private pay", "BCBS", of="payer")
    assert found == [*["self_pay"] * 3, "BCBS"]
    found, _ = people("Text", "text message", "Phone call", "Letter", "SMS", "Text Box", of="channel")
    assert found == ["sms", "sms", "phone", "mail", "sms", "Text Box"]


def test_characters_of_no_width_are_no_part_of_an_id():
    found, _ = people("C\u200b1", "\ufeffC1", "C1\u00a0", "C\u00ad1", "C 1", of="person_id")
    assert found == [*["C1"] * 4, "C 1"]


@pytest.mark.parametrize("text", ["1.00235E+11", "1.00235E11", "1,00235E+11", "1E+11", "-1.2e+05"])
def test_an_id_in_scientific_notation_cannot_be_read(text: str):
    frame = pl.DataFrame(
        {"person_id": [text, "12E10"], "sex": [None, None], "payer": [None, None], "channel": [None, None], "_row_number": [2, 3]}
    )
    _, failures = typed(frame.cast({name: pl.String for name in SEXES.fields}), SEXES, NEW_YORK)
    assert failures.select("row_number", "field").rows() == [(2, "person_id")], "12E10 may be a code of its own"
