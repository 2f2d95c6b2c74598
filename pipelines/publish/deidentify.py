"""What of a published table may leave the practice: HIPAA safe harbor, 45 CFR 164.514(b)(2)(i), written as SQL.

Rule by rule, with the paragraph that asks for it. What no rule lets through is dropped: a new field is safe before
somebody thinks of it.
"""

from dataclasses import dataclass

import pandera.polars as pa
import polars as pl

from models.contract import Contract
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

ROLLED_UP = {
    "fct_kpis": {"location_key", "provider_key", "payer_class", "patient_segment"},
    "fct_kpi_slices": {"slice_type", "slice_key", "slice_name"},
    "fct_kpi_periods": {
        *("slice_type", "slice_key", "slice_name"),
        *(f"{other}_{what}" for other in ("before", "year_before", "baseline") for what in ("value", "change")),
        "like_for_like_value",
    },
    "fct_measure_performance": {"location_key", "provider_key", "payer_class"},
    "fct_appointment_patterns": {"location_key", "day_of_week", "hour_of_day"},
    "fct_claim_answers": {"location_key", "payer_class", "payer_name"},
    "fct_lead_sources": {"location_key"},
    "fct_open_gap_ages": {"location_key", "provider_key"},
    "fct_patient_cohorts": {"location_key"},
    "fct_program_outcomes": {"location_key", "go_live_month_on"},
    "fct_receivable_ages": {"location_key", "payer_class"},
    "fct_revenue_flows": {"location_key", "payer_class"},
    "fct_engagement_scores": {"location_key", "provider_key", "payer_class", "patient_segment"},
}
"""Tables of sums, and the columns that are summed over: a cell of one site and clinician can be one person's month (C). Of a
KPI's period what it is compared with is left out as well: that has a row of its own, which says whether it rests on too few."""

COUNTED_ONCE = {
    "fct_kpi_slices": "filter (where slice_type = 'all')",
    "fct_kpi_periods": "filter (where slice_type = 'all' and n_months = 1)",
}
"""Tables that hold each sum several times, and the row that remains. Of periods that is the single month: from sums over several
months the cells that are suppressed could be worked out."""

SMALLEST_CELL = 11
"""A count of persons from 1 to 10 is not told (the cell size suppression policy of CMS): in a table of counts, such a
row keeps its names and loses its numbers. So it does where all but so few are counted, for 95 of 100 tells the other five."""

CELL_COUNTS = {
    "numerator": "denominator",
    "denominator": "",
    "current_numerator": "current_denominator",
    "current_denominator": "",
    "n_patients": "",
    "n_events": "",
    "n_denominator": "",
    "n_eligible": "n_denominator",
    "n_numerator": "n_eligible",
    "n_met": "n_eligible",
    "n_open_gaps": "",
    "n_closed_gaps": "",
    "n_excluded": "",
    "n_not_assessable": "",
    "n_closures": "",
    "n_actionable": "n_open_gaps",
    "n_due": "",
    "n_no_shows": "n_due",
    "n_late_cancellations": "n_due",
    "n_visited": "n_patients",
    "n_at_risk": "",
    "n_lapsed": "n_at_risk",
    "n_leads": "",
    "n_converted": "n_leads",
    "n_new_patients": "n_leads",
    "n_claims": "",
    "n_recovered": "n_claims",
    "n_contacted": "",
    "n_held_out": "",
}
"""What counts persons or their visits where a row is no person's, and the count that it is a part of."""

TOLD_WITH_COUNTS = {
    "n_closure_days",
    "closure_incentive_usd",
    "open_incentive_usd",
    "billed_usd",
    "collected_usd",
    "denied_usd",
    "recovered_usd",
    "written_off_usd",
}
"""Sums from which such a count can be worked out."""

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
    """The columns that remain, by their new names: an instant or a date, `x_at` or `x_on`, becomes `x_year`. None: no table.

    In a table that refers to patients every date, place and source id belongs to one, whatever its class says.
    """
    if contract.is_identified_only:
        return {}
    of_patients = any(name.endswith("patient_key") for name in contract.fields)
    summed_over = ROLLED_UP.get(contract.name, set())
    columns = {}
    for name, field in contract.fields.items():
        if name in summed_over:
            continue
        is_measure = name not in contract.key and (field.dtype.type.is_numeric() or contract.name in COUNTED_ONCE)
        if summed_over and is_measure:
            whole = COUNTED_ONCE.get(contract.name)
            total = f"any_value({name}) {whole}" if whole else f"sum({name})"
            columns[name] = Column(f"cast({total} as {sql_type(field.dtype.type)})", field.description, is_sum=True)
        elif remains := _remains(name, field, of_patients):
            new_name, sql = remains
            columns[new_name] = Column(sql, field.description)
    return columns if of_patients else _without_small_cells(columns, contract)


def _without_small_cells(columns: dict[str, Column], contract: Contract) -> dict[str, Column]:
    """The columns of a table of counts, each measure of which is null in a row with a small cell."""
    cells = []
    for part, whole in CELL_COUNTS.items():
        if part in columns:
            cells.append(columns[part].sql)
            if whole in columns:
                cells.append(f"{columns[whole].sql} - {columns[part].sql}")
    if not cells:
        return columns
    is_small = " or ".join(f"(abs({cell}) > 0 and abs({cell}) < {SMALLEST_CELL})" for cell in cells)
    suppressed = {}
    for name, column in columns.items():
        is_measure = (
            name in CELL_COUNTS
            or name in TOLD_WITH_COUNTS
            or name.startswith("n_rows")
            or contract.fields[name].dtype.type == pl.Float64
        )
        description = f"{column.description} Empty where it counts 1 to {SMALLEST_CELL - 1} persons, or all but so few."
        sql = f"case when {is_small} then null else {column.sql} end"
        suppressed[name] = Column(sql, description, column.is_sum) if is_measure else column
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
