"""A KPI's value in a period, as every page shows it: value, change, cases and interval."""

from typing import Any, Literal

import streamlit as st

from dashboards.figures.languages import _, between, period
from dashboards.figures.wording import definition, dollars
from dashboards.kpis.periods import Period
from models.few_cases import FEWER
from models.material import has_moved
from models.wording import amount, cases, counted, difference, span

COLOURS: dict[str, Literal["green", "red"]] = {
    "better": "green",
    "worse": "red",
}


def metric(kpi: dict[str, Any], shown: Period | None, against: str = "before", note: str = "on the period before") -> None:
    """Draw the value of a KPI (a row of `dim_kpis`), beside another: `before`, `year_before` or `baseline`.

    The colour says whether the change is for the better, the arrow which way it goes. A change that chance explains has no
    colour, and says so. With a baseline, the value of its own sites is compared.
    """
    said = since(kpi, shown, against) if shown else ""
    is_written = bool(said) and not said.startswith("±")
    chance = within_chance(shown, against) if shown and is_written else ""
    beside = ", ".join(part for part in (note, chance) if part)
    st.metric(
        kpi["kpi_name"],
        amount(shown["value"] if shown else None, kpi["unit"]),
        said or None,
        delta_color=COLOURS[shown[f"{against}_status"]] if shown and is_written and not chance else "gray",
        delta_arrow="off" if not is_written else "up" if said.startswith("+") else "down",
        delta_description=(beside or None) if said else None,
        help=definition(kpi),
    )


def within_chance(shown: Period, against: str) -> str:
    """The word for a change that chance explains; nothing where it does not."""
    return "" if has_moved(shown, against) else _("within chance")


def since(kpi: dict[str, Any], shown: Period, against: str) -> str:
    """The change from `before`, `year_before` or `baseline` in words; nothing where it is compared with nothing."""
    if shown[f"{against}_change"] is None:
        return ""
    now = shown["like_for_like_value" if against == "baseline" else "value"]
    return difference(now, shown[f"{against}_value"], kpi["unit"])


def benchmark(kpi: dict[str, Any]) -> tuple[float, float] | None:
    """The range that comparable practices report, for a chart's band; None where the catalogue has none, or an open one."""
    low, high = kpi["benchmark_low"], kpi["benchmark_high"]
    return None if low is None or high is None else (low, high)


def as_stored(typed: float | None, unit: str) -> float | None:
    """What somebody typed, in the KPI's unit: a share is typed in percent."""
    return typed / 100 if typed is not None and unit == "share" else typed


def below(*lines: str) -> None:
    """Draw the lines below a value."""
    st.caption("  \n".join(dollars(line) for line in lines))


def rests_on(kpi: dict[str, Any], shown: Period | None) -> str:
    """The period, the cases and how sure they make the value: Jul to Sep 2026 · 33 of 318 (95 % interval 7.5 % to 14.2 %)."""
    if shown is None or shown["value"] is None:
        return f"{_('Not available')}: {kpi['unavailable_reason'] or _('no case in a mature month yet')}"
    parts = [
        period(shown["first_month_on"], shown["last_month_on"]),
        between(cases(shown["numerator"], shown["denominator"], kpi["scoring"], kpi["unit"], shown["n_records"])),
    ]
    said = " · ".join(part for part in parts if part)
    if shown["interval_low"] is not None:
        within = between(span(shown["interval_low"], shown["interval_high"], kpi["unit"]))
        said += f" ({_('95 % interval {span}', span=within)})"
    return said + (f" · {_('few cases')} ({_(FEWER)})" if shown["is_small"] else "")


def baseline(kpi: dict[str, Any], shown: Period | None) -> str:
    """The baseline, and the current value of the same sites."""
    if shown is None or shown["baseline_change"] is None:
        return "No baseline"
    unit, sites = kpi["unit"], counted(shown["n_baseline_sites"], "site")
    return (
        f"Baseline {amount(shown['baseline_value'], unit)} at {sites}, now {amount(shown['like_for_like_value'], unit)} there "
        f"({since(kpi, shown, 'baseline')})"
    )


def baseline_cases(row: dict[str, Any]) -> str:
    """What a row of `fct_baselines` rests on: how things stood at a month's end is the mean of its month ends."""
    n_ends = row["n_months"] if row["time_basis"] == "month_end" else 1
    return cases(row["numerator"] / n_ends, row["denominator"] / n_ends, row["scoring"], row["unit"])


def target(kpi: dict[str, Any], shown: Period | None) -> str:
    """Whether the target is met, in words, a colour and a sign."""
    said = amount(kpi["target"], kpi["unit"])
    match shown and shown["target_status"]:
        case "met":
            return f":green[:material/check_circle: Target met] · {said}"
        case "missed":
            return f":orange[:material/flag: Target missed] · {said}"
        case _:
            return ":gray[No target set]" if kpi["target"] is None else f":gray[Target] · {said}"
