"""How much of a KPI's change is rate (sites, payers or patients did differently) and how much mix (there were more of some)."""

from datetime import date
from typing import Any

import polars as pl

from dashboards.figures.wording import first_upper
from dashboards.kpis.months import DIMENSIONS, months_of, restrictions, since
from dashboards.kpis.periods import Period, few_cases, sums
from dashboards.layout.exhibits import table
from dashboards.layout.filters import Filters
from dashboards.store.published import Publication
from ml.effects.mix_and_rate import mix_and_rate
from models.few_cases import FEWER, MARK
from models.wording import amount, difference, parted

TAKEN_APART = ("location", "payer_class", "patient_segment")


def draw_rate_and_mix(
    publication: Publication, chosen: Filters, kpi: dict[str, Any], shown: Period, against: str, then_last_on: date
) -> None:
    """Draw the change of a KPI from the period `before` or the `year_before`, which ended with the month `then_last_on`, taken
    apart by each dimension that is not filtered; nothing where there is no such change."""
    value, other, unit = shown["value"], shown[f"{against}_value"], kpi["unit"]
    dimensions = [slice_type for slice_type in TAKEN_APART if slice_type not in restrictions(chosen)]
    if shown[f"{against}_change"] is None or not dimensions:
        return
    parts = [_parts(publication, chosen, shown, then_last_on, slice_type) for slice_type in dimensions]
    table(
        pl.DataFrame([_said(one, value, other, unit) for one in parts]),
        title=f"How much of {difference(value, other, unit)} is rate, how much mix, from {amount(other, unit)}",
        name=f"{kpi['kpi_code']}_rate_and_mix",
        note="Rate: sites, payers or patients did differently. Mix: there were more of some and fewer of others. The two add up "
        f"to the change (Kitagawa 1955). {MARK}: few cases, {FEWER}, now or then.",
        is_wrapped=True,
        figures=pl.DataFrame(parts, infer_schema_length=None),
    )


def _parts(publication: Publication, chosen: Filters, shown: Period, then_last_on: date, slice_type: str) -> dict[str, Any]:
    """The change taken apart by one dimension: its rate, its mix, and the `member` that moved it most, with what it did."""
    months = months_of(publication, chosen, shown["kpi_code"], slice_type)
    # How it stood at a month's end does not add up: its cases are the mean of the month ends.
    n_ends = shown["n_months"] if shown["time_basis"] == "month_end" else 1
    before, after = (
        since(months, last_on, shown["n_months"]).group_by(slice="slice_key").agg(pl.first("slice_name"), *sums(n_ends))
        for last_on in (then_last_on, shown["last_month_on"])
    )
    parts = mix_and_rate(before, after)
    most = parts.row(0, named=True)
    sides = pl.concat([before, after]).filter(pl.col("slice") == most["slice"])
    return {
        "by": DIMENSIONS[slice_type][0],
        "rate": float(parts["rate"].sum()),
        "mix": float(parts["mix"].sum()),
        "member": sides["slice_name"][-1],
        "member_change": most["contribution"],
        "member_rate": most["rate"],
        "member_mix": most["mix"],
        "member_value_then": most["value_before"],
        "member_value_now": most["value_after"],
        "is_small": bool(few_cases(sides, shown["scoring"]).any()),
    }


def _said(parts: dict[str, Any], value: float, other: float, unit: str) -> dict[str, str]:
    rate, mix = parted(value, other, [parts["rate"], parts["mix"]], unit)
    its_rate, its_mix = parted(parts["member_change"], 0.0, [parts["member_rate"], parts["member_mix"]], unit)
    return {
        "By": parts["by"],
        "Change": difference(value, other, unit),
        "Rate": rate,
        "Mix": mix,
        "Moved it most": f"{first_upper(parts['member'])}{MARK if parts['is_small'] else ''}: "
        f"{difference(parts['member_change'], 0.0, unit)}, of which rate {its_rate}, mix {its_mix}",
        "Its value, then and now": f"{amount(parts['member_value_then'], unit)} to {amount(parts['member_value_now'], unit)}",
    }
