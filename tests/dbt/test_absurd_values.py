"""No value that a contract lets pass stops a build: nothing, empty, absurd, or as large and as far away as it can be written.

The rows are made from the contracts, so that a new field is tried as soon as it is there.
"""

import csv
import json
from collections.abc import Callable, Iterator
from datetime import date
from itertools import cycle
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from models.contract import Contract
from models.extracts import billing, crm, ehr
from pipelines.home import Home
from pipelines.practice import Practice
from pipelines.warehouse.build import build_warehouse

pytestmark = pytest.mark.slow

TEXTS = (
    "x",
    "",
    "9999-12-31T23:59:59Z",
    "0001-01-01",
    "2026-02-30",
    "2026-03-08T02:30:00",
    "2026-10-05",
    "99999999-01-01T00:00Z",
)
"""All of them wherever FHIR has text, dates included: 02:30 of 8 March is skipped in New York, and a start may be a day alone."""
NUMBERS = (-1, 0, 2**63 - 1, -(2**63))
STATUSES = (
    "", "active", "arrived", "booked", "cancelled", "checked-in", "completed", "entered-in-error", "final", "finished",
    "fulfilled", "noshow", "pending", "planned", "proposed", "waitlist", "No Show",
)  # fmt: skip
DAYS = ("1800-01-01", "2026-02-28", "2026-10-31", "2200-12-31")
AMOUNTS = ("0", "0.01", "12.50", "999999999.99")
N_CSV_ROWS = 60


def _of(kind: Any, text: str, number: int) -> object:
    """A FHIR element of a type, each text of which is `text` and each number `number`; references name the one patient."""
    if isinstance(kind, pl.Struct):
        return {
            part.name: "Patient/Patient" if part.name == "reference" else _of(part.dtype, text, number) for part in kind.fields
        }
    if isinstance(kind, pl.List):
        return [_of(kind.inner, text, number)]
    return {pl.String: text, pl.Boolean: True, pl.Float64: float(number), pl.Int64: number}[kind]


def _resources(contract: Contract) -> Iterator[dict[str, object]]:
    """Resources with nothing, with empty lists, and with each text; of each status, with nothing else and with each text.

    Without modifier extensions: one that is not known puts its record into quarantine.
    """
    yield {"id": contract.name}
    yield {name: [] for name, column in contract.fields.items() if isinstance(column.dtype.type, pl.List)} | {"id": "empty"}
    left_out = ("id", "meta", "modifierExtension")
    kinds = {name: column.dtype.type for name, column in contract.fields.items() if name not in left_out}
    for text, number in zip(TEXTS, cycle(NUMBERS), strict=False):
        whole = {name: _of(kind, text, number) for name, kind in kinds.items()}
        yield whole | {"id": f"text {text}"}
        if "status" in kinds:
            for status in STATUSES:
                more = {"class": {"code": "AMB"}} if "class" in kinds else {}
                yield whole | more | {"status": status, "id": f"{status} {text}"}
    for status in STATUSES if "status" in kinds else ():
        yield {"status": status, "id": f"{status} alone"}


def _cells(contract: Contract) -> Iterator[dict[str, str]]:
    """Rows in which every field takes its values in turn, at its own pace."""
    for row in range(N_CSV_ROWS):
        cells = {}
        for pace, (name, column) in enumerate(contract.fields.items(), 1):
            kind = column.dtype.type
            values = column.metadata["values"] or {
                pl.String: ("1", "x", "Patient", "Encounter", "noshow alone"),
                pl.Boolean: ("true", "false"),
                pl.Date: DAYS,
                pl.Datetime: tuple(f"{day}T10:00:00Z" for day in DAYS),
                pl.Decimal: AMOUNTS,
            }.get(kind.base_type() if isinstance(kind, pl.DataType) else kind, ("1", "2", "5"))
            turn = row // pace
            is_empty = column.nullable and turn % (len(values) + 1) == len(values)
            cells[name] = (
                f"{row + 1}" if name in contract.key and kind == pl.String else "" if is_empty else values[turn % len(values)]
            )
        yield cells | ({"payment_usd": "-12.50"} if cells.get("is_reversal") == "true" else {})


def practice_of(folder: Path) -> Practice:
    for kind in ("ehr", "crm", "billing"):
        (folder / kind).mkdir()
    for name, contract in ehr.EXTRACTS.items():
        lines = (json.dumps({"resourceType": name} | resource) for resource in _resources(contract))
        (folder / "ehr" / f"{name}.ndjson").write_text("\n".join(lines))
    for kind, extracts in (("crm", crm.EXTRACTS), ("billing", billing.EXTRACTS)):
        for name, contract in extracts.items():
            with (folder / kind / f"{name}.csv").open("w", newline="") as file:
                table = csv.DictWriter(file, list(contract.fields))
                table.writeheader()
                table.writerows(_cells(contract))
    return Practice(
        "t", "Test", "America/New_York", {kind: folder / kind for kind in ("ehr", "crm", "billing")}, as_of=date(2026, 11, 1)
    )


def test_no_value_that_a_contract_lets_pass_stops_a_build(new_home: Callable[[], Home], tmp_path: Path):
    """Every file is read, and every table, with all of its checks, is built from what it holds."""
    warehouse = build_warehouse(new_home(), practice_of(tmp_path))
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        refused = connection.sql("select extract, reason from raw.deliveries where status <> 'landed'").fetchall()
        assert refused == []
        assert connection.sql("select count(*) from marts.fct_appointments where not is_due").fetchall()[0][0] > 0
