"""This month's movements: each KPI's newest mature month against the twelve before it, where neither chance nor its usual
variation explains the difference."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from dashboards.kpis.months import restrictions
from dashboards.layout.filters import Filters
from dashboards.store.published import Publication, ask
from models.material import interval_of, is_told_from_chance
from models.wording import amount, cases, difference, month

LEAST_MONTHS = 6
USUAL = 1.0
"""A movement within one standard deviation of the months before is usual variation."""

_MONTHS = """
    with months as (
        select *, stddev_samp(value) over before_it as scatter, count(value) over before_it as n_before
        from marts.fct_kpi_periods
        where n_months = 1 and is_mature and slice_type = ? and slice_key = ?
        window before_it as (partition by kpi_code order by last_month_on rows between 12 preceding and 1 preceding)
    )
    select kpis.kpi_code, kpis.kpi_name, kpis.unit, kpis.direction, kpis.scoring, months.last_month_on as month_on,
        months.numerator, months.denominator, months.value, months.interval_low, months.interval_high, months.is_small,
        years.value as usual, months.scatter
    from months
    inner join marts.dim_kpis as kpis using (kpi_code)
    inner join marts.fct_kpi_periods as years
        on months.kpi_code = years.kpi_code and years.n_months = 12
        and years.last_month_on = months.last_month_on - interval 1 month
        and months.slice_type = years.slice_type and months.slice_key = years.slice_key
    where months.is_newest and months.n_before >= ? and months.scatter > 0
        and not months.is_small and months.value is not null and years.value is not null
    order by kpis.display_order
"""


@dataclass(frozen=True)
class Movement:
    """One KPI's newest mature month. `strength` is in standard deviations of the months before; above zero is better."""

    kpi: dict[str, Any]
    strength: float

    @property
    def said(self) -> str:
        """`no-show rate 5.1 % (16 of 318; −2.0 pts)`, for a list within a sentence."""
        name, unit, value = self.kpi["kpi_name"], self.kpi["unit"], self.kpi["value"]
        rests_on = cases(self.kpi["numerator"], self.kpi["denominator"], self.kpi["scoring"], unit)
        said = "; ".join(part for part in (rests_on, difference(value, self.kpi["usual"], unit)) if part)
        return f"**{name}** {amount(value, unit)} ({said})"

    @property
    def month_on(self) -> date:
        return self.kpi["month_on"]

    @property
    def is_news(self) -> bool:
        """It is more than months usually differ, and more than chance explains."""
        return abs(self.strength) > USUAL and is_told_from_chance(
            self.kpi, self.kpi["value"], self.kpi["usual"], interval_of(self.kpi)
        )


def movements(publication: Publication, chosen: Filters) -> list[Movement]:
    """The movement of every KPI with enough months, best first; of the whole practice or of one site."""
    slice_type, key = next(iter(restrictions(chosen).items()), ("all", "all"))
    rows = ask(publication, _MONTHS, (slice_type, str(key), LEAST_MONTHS)).iter_rows(named=True)
    return sorted(map(_movement, rows), key=lambda movement: -movement.strength)


def sentences(found: list[Movement], n: int = 3) -> tuple[str, str]:
    """The `n` best and `n` worst movements that are news, each as a sentence."""
    news = [movement for movement in found if movement.is_news]
    better = [movement for movement in news if movement.strength > 0][:n]
    worse = [movement for movement in reversed(news) if movement.strength < 0][:n]
    return _sentence("Better", better), _sentence("Worse", worse)


def _sentence(word: str, moved: list[Movement]) -> str:
    if not moved:
        return f"Nothing is {word.lower()} by more than chance explains and months usually differ."
    newest = max(movement.month_on for movement in moved)
    parts = [movement.said + (f" in {month(movement.month_on)}" if movement.month_on != newest else "") for movement in moved]
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"{word} in {month(newest)} than in the twelve months before: {listed}."


def _movement(row: dict[str, Any]) -> Movement:
    sign = 1 if row["direction"] == "higher" else -1
    return Movement(row, sign * (row["value"] - row["usual"]) / row["scatter"])
