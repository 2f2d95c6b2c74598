"""The de-identified file: HIPAA safe harbor, 45 CFR 164.514(b)(2)(i), written as SQL.

Which columns the file holds of a table, its contract states (`models/deidentification.py`). What becomes of each, the rules here
state, with the paragraph that asks for it; a column for which no rule speaks is refused. The file holds rows of persons alone:
a count beside them could give back what another count leaves out. They are those of one year (`held_year.py`), and nothing that
is as of today: beside rows that end on a day, it tells what came after that day.
"""

import re

import pandera.polars as pa
import polars as pl

from models.contract import Contract
from models.phi import Phi
from models.published import PUBLISHED
from pipelines.publish.held_year import BIRTH, HeldYear, day_of, is_day
from pipelines.publish.selection import Column, Selection, whole
from pipelines.sql.types import sql_type

SALT = "salt"
"""The DuckDB variable that holds a publication's secret. It is never written down, so that no key can be computed again (R)."""

OLDEST_AGE = 90
"""(C): ages over 89 become one category."""

SMALL_AREAS = (36, 59, 102, 202, 203, 204, 205, 369, 556, 692, 753, 772, 821, 823, 878, 879, 884, 893)
"""(B)(2): three-digit areas of 20,000 people or fewer, changed to 000. United States Census Bureau, 2020 Census, Demographic and
Housing Characteristics File, table P1 (total population) by five-digit ZIP Code Tabulation Area, added up by the first three
digits: 894 areas, 334,726,586 people with Puerto Rico, 18 areas too small. The seventeen in the guidance of the Office for Civil
Rights (2012) are those of the Census of 2000, and it asks for newer ones."""

UNCOUNTED_AREAS = (
    *range(5), 55, *range(90, 100), 192, 213, 269, 340, 343, 345, 348, 353, 375, 399, 419, 428, 429, 459, 517, 518, 519, 529, 533,
    536, 552, 568, 569, 578, 579, 589, 621, 632, 642, 643, 649, 659, 663, 682, *range(694, 700), 702, 709, 715, 732, 742, 771,
    817, 818, 819, 839, 842, 848, 849, 854, 858, 861, 862, 866, 867, 868, 869, 872, 876, 886, 887, 888, 892, 896, 899, 909, 929,
    942, *range(962, 967), 969, 987,
)  # fmt: skip
"""Military mail, single receivers of much mail, digits without a place: nobody was counted there, so nobody hides there."""

STATES = (
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY", "LA", "ME", "MD",
    "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "ND", "OH", "OK", "OR", "PA", "RI", "SC", "SD",
    "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY", "PR",
)  # fmt: skip
"""(B): a state may stay. What an extract has in that field instead, such as a town, may not."""

FEW = 5
"""(R): a value that fewer people share becomes `other`, so that a rare language is no code of its own."""

MOST = 2
"""(R): counts above this are given as this."""

_FROM_PUBLIC_LISTS = {
    "language": "case when regexp_full_match(language, '[a-z]{2,3}') then language end",
    "state": f"case when upper(state) in {STATES} then upper(state) end",
}
"""Texts from outside that stay where they are a code of a public list: ISO 639, states."""

_NAMED_BY_CAREGAP = {"measure_code", "group_id", "measure_version"}
"""Texts that Caregap itself writes."""

_MEASURES_TIME = re.compile(r"(^|_)(days?|weeks?|months?|hours?|minutes?|rank|score)(_|$)")
"""A number of days beside a day that is known gives the other day (C). A score is a code of its own for each person (R)."""


def deidentified(contract: Contract, held: HeldYear) -> Selection:
    """What the file holds of a table: none of its columns, or those that its contract names, each by its rule.

    Raises `ValueError` naming a column that the contract lacks, or for which no rule speaks.
    """
    stated = contract.deidentified
    if stated.is_reference:
        return whole(contract)
    named = {name: _column(contract, name, held.year) for name in stated.columns}
    if not named:
        return Selection({})
    rows = f"Of {held.year}." if day_of(contract) else f"Who has a row of {held.year} in the file."
    if day_of(contract) and not _is_held(contract, held):
        rows = f"No rows: they do not cover {held.year}."
    return Selection(
        columns=dict(named.values()),
        key=tuple(named[name][0] for name in contract.key),
        description=" ".join(filter(None, [f"One row per {contract.grain}.", rows, stated.note])),
        where=_rows(contract, held),
        # Keys are salted, so that this order says nothing of the order in which the rows came.
        is_ordered=True,
    )


def _rows(contract: Contract, held: HeldYear) -> str:
    """SQL that is true for the rows of the file. Of persons: those whom other rows of it name; nobody who came later."""
    if day := day_of(contract):
        conditions = [contract.deidentified.where, f"year({day}) = {held.year}" if _is_held(contract, held) else "false"]
    else:
        (key,) = contract.key
        referring = (
            f"select {name} from build.{table} where {_rows(PUBLISHED[table], held)}"
            for table in sorted(held.tables)
            for name in PUBLISHED[table].deidentified.columns
            if PUBLISHED[table].fields[name].metadata["refers_to"] == f"{contract.name}.{key}"
        )
        conditions = [f"{key} in ({' union all '.join(referring) or 'null'})"]
        if BIRTH in contract.deidentified.columns:
            conditions.append(f"coalesce(year({BIRTH}) <= {held.year}, true)")
    return " and ".join(filter(None, conditions))


def _is_held(contract: Contract, held: HeldYear) -> bool:
    return any(PUBLISHED[table].name == contract.name for table in held.tables)


def _column(contract: Contract, name: str, year: int) -> tuple[str, Column]:
    if name not in contract.fields:
        raise ValueError(f"{contract.name} has no column {name} to de-identify.")
    remains = _remains(contract, name, year)
    if remains is None:
        raise ValueError(f"No rule of safe harbor lets {contract.name}.{name} through.")
    return remains


def _remains(contract: Contract, name: str, of_year: int) -> tuple[str, Column] | None:
    field: pa.Column = contract.fields[name]
    dtype, words = field.dtype.type, field.description
    if field.metadata["phi"] is Phi.DIRECT:  # (A), (D) to (Q)
        return None
    if name == BIRTH:
        # (C). An age on the day of the run, beside a measure for an age at a year's end, gave the birthday to weeks.
        age = f"{of_year} - year({name})"
        words = f"Age on 31 December {of_year}; {OLDEST_AGE}: {OLDEST_AGE} or older."
        return "age_years", Column(f"case when {age} >= {OLDEST_AGE} then {OLDEST_AGE} else {age} end", words)
    if name.endswith("_key") and dtype.is_integer():
        key = f"cast('0x' || substr(md5(getvariable('{SALT}') || cast({name} as varchar)), 1, 15) as bigint)"
        return name, Column(key, f"{words} Another number in each publication.")
    if is_day(contract, name):  # (C): all elements of dates except the year
        year = name.removesuffix("_on").removesuffix("_at") + "_year"
        return year, Column(f"cast(year({name}) as smallint)", f"Calendar year alone. {words}")
    if name == "postal_code":
        small = ", ".join(f"'{area:03}'" for area in (*SMALL_AREAS, *UNCOUNTED_AREAS))
        is_large = f"regexp_matches({name}, '^[0-9]{{5}}') and left({name}, 3) not in ({small})"
        area = f"case when {is_large} then left({name}, 3) when {name} is not null then '000' end"
        return "postal_area", Column(
            # Of a few people's area, the state that was pooled for them could be read.
            _shared(area, "'000'"),
            f"First three digits of the ZIP code; 000: at most 20,000 people live there, fewer than {FEW} of the file do, or no "
            "ZIP code.",
        )
    if name.endswith("_usd"):  # (R): a price list has few prices to ten dollars, and each names its service
        return name, Column(f"cast(round({name}, -2) as {sql_type(dtype)})", f"{words} To a hundred dollars.")
    if name.startswith("n_"):
        return name, Column(f"least({name}, {MOST})", f"{words} {MOST}: {MOST} or more.")
    if name in _FROM_PUBLIC_LISTS:
        return name, Column(_shared(_FROM_PUBLIC_LISTS[name]), f"{words} Of a public list; `other`: fewer than {FEW} people.")
    if field.metadata["values"] and field.metadata["phi"] is Phi.QUASI:
        return name, Column(_shared(name), f"{words} `other`: fewer than {FEW} people.")
    is_number = dtype.is_numeric() and not _MEASURES_TIME.search(name)
    if is_number or dtype == pl.Boolean or field.metadata["values"] or name in _NAMED_BY_CAREGAP:
        return name, Column(name, words)
    return None


def _shared(value: str, otherwise: str = "'other'") -> str:
    return f"case when count(*) over (partition by {value}) < {FEW} then {otherwise} else {value} end"
