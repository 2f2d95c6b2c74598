"""What must be so between the fields of a row is checked where the row is read."""

import polars as pl

from models.extracts.billing import EXTRACTS
from pipelines.extract.csv_values import typed
from pipelines.extract.row_checks import broken

REMITTANCES = EXTRACTS["remittances"]


def _faults(*rows: tuple[str, str]) -> list[tuple[int, str]]:
    """Row and field of what is wrong with remittances of these (`payment_usd`, `is_reversal`); the first is row 2."""
    cells = {name: ["2026-04-01" if name.endswith("_on") else "1"] * len(rows) for name in REMITTANCES.fields}
    cells["payer_responsibility"] = [""] * len(rows)
    cells["updated_at"] = ["2026-10-05T10:00:00-04:00"] * len(rows)
    cells["payment_usd"], cells["is_reversal"] = (list(column) for column in zip(*rows, strict=True))
    text = pl.DataFrame(cells).with_columns(pl.int_range(2, len(rows) + 2).alias("_row_number"))
    values, unread = typed(text, REMITTANCES, "America/New_York")
    assert values["payment_usd"].dtype == pl.Decimal(14, 2)
    return broken(values, REMITTANCES, unread).select("row_number", "field").rows()


def test_a_reversal_that_adds_money_is_quarantined():
    assert _faults(("70", "false"), ("-70", "true"), ("70", "true"), ("0", "true"), ("-5", "false")) == [(4, "payment_usd")]


def test_a_row_may_break_its_contract_and_a_rule():
    assert sorted(_faults(("70", "true"), ("70", ""))) == [(2, "payment_usd"), (3, "is_reversal")]
    assert _faults(("0.01", "true")) == [(2, "payment_usd")]
