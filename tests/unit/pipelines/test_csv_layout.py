"""An export is read as its layout says: columns, values, days, amounts, and what stands above and below the table."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import mkdtemp

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.extracts.billing import EXTRACTS as BILLING
from models.extracts.crm import EXTRACTS as CRM
from models.settings.layout import Form, Layout, read_layout
from pipelines.errors import ExtractRefused
from pipelines.extract.csv_file import read_csv
from pipelines.extract.csv_values import typed
from pipelines.extract.reading import Reading, Request

PAYMENTS = """\
title = "Payments of our till"
source = "billing"
extract = "patient_payments"
recognised_by = ["Receipt", "Patient No"]

[form]
dates = "day_first"
decimal = "comma"
below = ["Total", "Printed"]

[columns]
payment_id = "Receipt"
account_id = { split = "Patient No", at = "/", part = -1 }
paid_on = "Day"
amount_usd = "Paid"
method = { column = "How", values = { "EC" = "card", "*transfer*" = "check", "unknown" = "" }, default = "cash" }
is_at_service = { any_of = ["At desk", "At exit"], default = "false" }
updated_at = { join = ["Day", "Time"] }
charge_id = { first_of = ["Charge", "Invoice"] }
"""
HEADER = "Receipt;Patient No;Day;Time;Paid;How;At desk;At exit;Charge;Invoice;Remark"


@pytest.fixture(scope="module")
def read() -> Iterator[Callable[..., tuple[Reading, pl.DataFrame, list[tuple]] | str]]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")

        def read(content: str, layout: str = PAYMENTS):
            folder = Path(mkdtemp())
            (folder / "delivered").write_text(content)
            parsed = read_layout(layout.encode(), "till.toml").model_copy(update={"name": "till"})
            contract = (BILLING | CRM)[parsed.extract]
            request = Request(connection, folder / "delivered", contract, folder, folder, {}, "America/New_York", layout=parsed)
            try:
                reading = read_csv(request)
                rows = pl.read_parquet(folder / "rows.parquet").sort("_row_number")
                return reading, rows, pl.read_parquet(folder / "quarantine.parquet").sort("row_number", "field").rows()
            except ExtractRefused as refusal:
                return str(refusal)
            finally:
                shutil.rmtree(folder)

        yield read


def table(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows, *(f"r{i};7/{i};1.3.2026;9:00;1,00;EC;no;no;;;" for i in range(20))]) + "\n"


def test_columns_are_renamed_split_joined_chosen_and_filled(read):
    reading, rows, quarantine = read(table("R1;North/A7;31.3.2026;2:05 PM;1.234,50;bank Transfer;no;yes;;I9;kept"))

    [first] = rows.head(1).to_dicts()
    assert first == {
        "payment_id": "R1", "account_id": "A7", "encounter_id": None, "charge_id": "I9", "paid_on": date(2026, 3, 31),
        "amount_usd": Decimal("1234.50"), "method": "check", "is_at_service": True,
        "updated_at": datetime(2026, 3, 31, 18, 5, tzinfo=UTC), "_row_number": 2,
    }  # fmt: skip
    assert (reading.read_as, reading.extra_columns, quarantine) == ("by layout till", ["remark"], [])


@pytest.mark.parametrize(("written", "is_at_service"), [("yes;no", True), ("no;", False), (";", False), ("no;Y", True)])
def test_one_yes_is_enough_and_none_is_the_default(read, written: str, is_at_service: bool):
    _, rows, _ = read(table(f"R1;A7;31.3.2026;9:00;1,00;EC;{written};;;"))

    assert rows["is_at_service"][0] is is_at_service


@pytest.mark.parametrize(
    ("written", "method"), [("ec", "card"), (" EC ", "card"), ("", "cash"), ("unknown", "cash"), ("Cash", "cash")]
)
def test_values_are_looked_up_in_any_case_and_the_default_fills_what_is_empty(read, written: str, method: str):
    _, rows, _ = read(table(f"R1;A7;31.3.2026;9:00;1,00;{written};;;;;"))

    assert rows["method"][0] == method


def test_a_row_that_breaks_the_contract_is_kept_out_by_its_number_and_the_practices_own_name_of_the_column(read):
    _, rows, quarantine = read(table("R1;A7;31.13.2026;9:00;1,00;Voucher;;;;;"))

    assert rows.height == 20
    assert quarantine == [
        (2, "method", '(column "How") is not one of: card, cash, check, portal'),
        (2, "paid_on", '(column "Day") is not a readable date: write it as 2026-03-31'),
        (2, "updated_at", '(column "Day", "Time") is not a readable date and time: write it as 2026-03-31T14:05:00-04:00'),
    ]


def test_a_title_above_and_totals_below_are_no_rows(read):
    """The 20 rows of the table; `Total` with as many values as the header, and `Printed` with fewer, are none."""
    content = "sep=;\nTill of the north site\n\n" + table() + "Total;;;;20,00;;;;;;\nPrinted by A. Kestrel\n"
    reading, rows, quarantine = read(content)

    assert (reading.n_delivered, rows.height, quarantine) == (20, 20, [])
    assert (rows["_row_number"][0], reading.read_as) == (4, "by layout till, header in row 3")


def test_a_file_without_a_column_that_must_have_a_value_is_refused_by_the_practices_own_name(read):
    said = read(table(header=HEADER.replace("Paid", "Amount")))

    assert said == 'lacks the column "Paid". Add it to the export and deliver it again.'


def test_a_column_that_may_be_empty_may_be_missing(read):
    reading, rows, _ = read(table(header=HEADER.replace("At exit", "Exit").replace("Invoice", "Bill").replace("Charge", "X")))

    assert (reading.absent_columns, rows["charge_id"].null_count()) == (["encounter_id", "charge_id"], 20)


def test_a_column_of_which_nothing_is_made_may_be_named_twice(read):
    reading, rows, _ = read(table(header=HEADER.replace("Charge;Invoice", "Remark;Remark")))

    assert (rows.height, reading.extra_columns) == (20, ["remark", "remark_2", "remark_3"])


@pytest.mark.parametrize(
    ("form", "written", "value"),
    [
        ("%d.%m.%y", "31.03.26", date(2026, 3, 31)),
        ("%B %d, %Y", "March 31, 2026", date(2026, 3, 31)),
        ("%d.%m.%y", "2026-03-31", None),
    ],
)
def test_a_day_may_have_one_form_of_its_own(form: str, written: str, value: date | None):
    contract = BILLING["patient_payments"]
    text = pl.DataFrame({name: [written if name == "paid_on" else None] for name in contract.fields} | {"_row_number": [2]})
    rows, _ = typed(text.cast({name: pl.String for name in contract.fields}), contract, "UTC", Form(), {"paid_on": form})

    assert rows["paid_on"].item() == value


def read_back(written: str, name: str, form: Form):
    """What a cell of `patient_payments` is read as."""
    contract = BILLING["patient_payments"]
    text = pl.DataFrame({one: [written if one == name else None] for one in contract.fields} | {"_row_number": [2]})
    rows, _ = typed(text.cast({one: pl.String for one in contract.fields}), contract, "UTC", form)
    return rows[name].item()


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)), st.sampled_from(["%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y-%m-%d"]))
def test_a_day_written_first_is_read_back(day: date, written: str):
    assert read_back(day.strftime(written), "paid_on", Form(dates="day_first")) == day


@given(st.decimals(-999_999_999, 999_999_999, places=2), st.sampled_from(["plain", "grouped", "brackets", "behind"]))
def test_an_amount_with_a_decimal_comma_is_read_back(amount: Decimal, style: str):
    text = f"{abs(amount):,.2f}" if style != "plain" else f"{abs(amount):.2f}"
    local = text.replace(",", " ").replace(".", ",").replace(" ", ".")
    signed = {"brackets": f"({local})", "behind": f"{local}-"}.get(style, f"-{local}") if amount < 0 else local

    assert read_back(signed, "amount_usd", Form(decimal="comma")) == amount


@given(st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)), st.sampled_from(["%d/%m/%Y %I:%M %p", "%d.%m.%Y %H:%M"]))
def test_a_time_of_twelve_or_twenty_four_hours_is_read_back(at: datetime, written: str):
    assert read_back(at.strftime(written), "updated_at", Form(dates="day_first")) == at.replace(
        second=0, microsecond=0, tzinfo=UTC
    )


def test_the_schema_has_a_description_for_every_setting():
    """The description completes the sentence `must be …` of a mistake."""
    assert all(field.description for field in Layout.model_fields.values())
