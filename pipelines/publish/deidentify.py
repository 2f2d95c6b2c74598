"""What of a published table may leave the practice: HIPAA safe harbor, 45 CFR 164.514(b)(2)(i), written as SQL.

What becomes of a table, its contract states (`models/deidentification.py`); what becomes of a column, the rules here state,
each with the paragraph that asks for it. What no rule lets through is dropped: a new field is safe before
somebody thinks of it.
"""

from dataclasses import dataclass

import pandera.polars as pa
import polars as pl

from models.contract import Contract
from models.deidentification import Form
from models.phi import Phi
from pipelines.sql.types import sql_type

SALT = "salt"
"""The DuckDB variable that holds a publication's secret. It is never written down, so that no key can be computed again (R)."""

OLDEST_AGE = 90
"""(C): ages over 89 become one category."""

SMALL_AREAS = (36, 59, 63, 102, 203, 556, 692, 790, 821, 823, 830, 831, 878, 879, 884, 890, 893)
"""(B)(2): three-digit areas of 20,000 people or fewer, changed to 000. Census 2000, as listed by the Office for Civil Rights,
Guidance Regarding Methods for De-identification of Protected Health Information, November 2012, section 3.3."""

KEPT = {"state", "sex", "race", "ethnicity", "language"}
"""Quasi-identifiers that safe harbor leaves as they are; so it does with counts, flags and values from a fixed list."""

SHARED_IDS = {"group_id", "payer_id", "campaign_id"}
"""Ids of things that many patients share; every other source id beside a patient is a record number (R)."""

SMALLEST_CELL = 11
"""A count of persons from 1 to 10 is not told (the cell size suppression policy of CMS): in a table of counts, such a
row keeps its names and loses its numbers. So it does where all but so few are counted, for 95 of 100 tells the other five."""

FREE_TEXT = ("reason", "note", "comment", "evidence_value", "message")
"""Words in which anything may stand, dates and names too (R)."""


@dataclass(frozen=True)
class Column:
    """One column of a published file: the SQL that makes it from the built table, and its description.

    A table with a sum has one row for each combination of its other columns.
    """

    sql: str
    description: str
    is_sum: bool = False


def deidentified(contract: Contract) -> dict[str, Column]:
    """The columns that remain of a table, in the form that its contract states; none where it is to be absent.

    An instant or a date, `x_at` or `x_on`, becomes `x_year`. In rows about patients every date, place and source id belongs to
    one, whatever its class says.
    """
    stated = contract.deidentified
    if stated.form is Form.ABSENT:
        return {}
    columns = {}
    for name, field in contract.fields.items():
        if name in stated.summed_over:
            continue
        if stated.summed_over and name not in contract.key and field.dtype.type.is_numeric():
            total = f"sum({name})" + (f" filter (where {stated.where})" if stated.where else "")
            columns[name] = Column(f"cast({total} as {sql_type(field.dtype.type)})", field.description, is_sum=True)
        elif remains := _remains(name, field, stated.form is Form.PATIENT_ROWS):
            new_name, sql = remains
            columns[new_name] = Column(sql, field.description)
    return _without_small_cells(columns, contract)


def _without_small_cells(columns: dict[str, Column], contract: Contract) -> dict[str, Column]:
    """The columns of a table of counts, each number of which is null in a row with a small cell."""
    stated = contract.deidentified
    cells = []
    for part, whole in stated.counts.items():
        cells.append(columns[part].sql)
        if whole:
            cells.append(f"{columns[whole].sql} - {columns[part].sql}")
    if not cells:
        return columns
    is_small = " or ".join(f"(abs({cell}) > 0 and abs({cell}) < {SMALLEST_CELL})" for cell in cells)
    told = {*contract.key, *stated.shown}
    suppressed = {}
    for name, column in columns.items():
        field = contract.fields.get(name)
        is_number = field and field.dtype.type.is_numeric() and name not in told and not name.endswith("_key")
        description = f"{column.description} Empty where it counts 1 to {SMALLEST_CELL - 1} persons, or all but so few."
        sql = f"case when {is_small} then null else {column.sql} end"
        suppressed[name] = Column(sql, description, column.is_sum) if is_number else column
    return suppressed


def _remains(name: str, field: pa.Column, of_patients: bool) -> tuple[str, str] | None:
    phi, dtype = field.metadata["phi"], field.dtype.type
    is_moment = isinstance(dtype, pl.Datetime) or dtype == pl.Date
    if name.endswith("_key") and dtype.is_integer():
        return name, f"cast('0x' || substr(md5(getvariable('{SALT}') || cast({name} as varchar)), 1, 15) as bigint)"
    if phi is Phi.DIRECT or name == "birth_date":  # (A), (D) to (Q); the age stands for the birth date
        return None
    if of_patients and (name.startswith(FREE_TEXT) or (name.endswith("_id") and name not in SHARED_IDS)):
        return None
    if is_moment and (of_patients or phi is Phi.QUASI):  # (C): all elements of dates except the year
        return name.removesuffix("_on").removesuffix("_at") + "_year", f"cast(year({name}) as smallint)"
    if name == "postal_code" and (of_patients or phi is Phi.QUASI):
        small = ", ".join(f"'{area:03}'" for area in SMALL_AREAS)
        is_told = f"regexp_matches({name}, '^[0-9]{{5}}') and left({name}, 3) not in ({small})"
        return "postal_area", f"case when {is_told} then left({name}, 3) when {name} is not null then '000' end"
    if name == "age_years":
        return name, f"least({name}, {OLDEST_AGE})"
    if phi is Phi.NONE or name in KEPT or name.startswith("n_") or dtype == pl.Boolean or field.metadata["values"]:
        return name, name
    return None
