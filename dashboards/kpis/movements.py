"""What moved this month: each KPI's newest mature month beside the twelve before it, measured by how much it moves anyway."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from dashboards.figures.wording import amount, change, month
from dashboards.kpis.tiles import Tile

MONTHS_BEFORE = 12
LEAST_MONTHS = 6
LEAST_COUNT = 20
"""A share of fewer than this leaps from month to month for no reason."""
USUAL = 1.0
"""A movement within one standard deviation of the months before is no news."""


@dataclass(frozen=True)
class Movement:
    """One KPI's newest mature month. `strength` is in standard deviations of the months before; above zero is better."""

    catalog: dict
    month_on: date
    value: float
    before: float
    strength: float

    @property
    def said(self) -> str:
        """`no-show rate 5.1 % (−2.0 pts)`, for a list within a sentence."""
        name, unit = self.catalog["kpi_name"], self.catalog["unit"]
        difference = (change(self.value, self.before, unit) or "").replace("-", "−")
        return f"**{name}** {amount(self.value, unit)} ({difference})"


def movements(tiles: list[Tile]) -> list[Movement]:
    """The movement of every KPI that has months enough, the best first."""
    if not tiles:
        return []
    age = pl.int_range(pl.len() - 1, -1, -1).over("kpi_code")  # 0: the newest mature month
    newest, before = pl.col("age") == 0, pl.col("age") > 0
    found = (
        pl.concat(tile.months for tile in tiles)
        .sort("kpi_code", "month_on")
        .filter("is_mature")
        .with_columns(age=age)
        .filter(pl.col("age") <= MONTHS_BEFORE)
        .group_by("kpi_code")
        .agg(
            month_on=pl.col("month_on").filter(newest).first(),
            value=pl.col("value").filter(newest).first(),
            denominator=pl.col("denominator").filter(newest).first(),
            usual=pl.col("numerator").filter(before).sum() / pl.col("denominator").filter(before).sum(),
            scatter=pl.col("value").filter(before).std(),
            n_before=pl.col("value").filter(before).count(),
        )
        .filter(pl.col("value").is_not_null(), pl.col("n_before") >= LEAST_MONTHS, pl.col("scatter") > 0)
    )
    of_kpi = {row["kpi_code"]: row for row in found.iter_rows(named=True)}
    moved = [_movement(tile.catalog, of_kpi[code]) for tile in tiles if (code := tile.catalog["kpi_code"]) in of_kpi]
    return sorted(filter(None, moved), key=lambda movement: -movement.strength)


def sentences(found: list[Movement], n: int = 3) -> tuple[str, str]:
    """The `n` best and the `n` worst movements beyond the usual scatter, each as a sentence."""
    better = [movement for movement in found if movement.strength > USUAL][:n]
    worse = [movement for movement in reversed(found) if movement.strength < -USUAL][:n]
    return _sentence("Better", better), _sentence("Worse", worse)


def _sentence(word: str, moved: list[Movement]) -> str:
    if not moved:
        return f"Nothing is {word.lower()} by more than months usually differ."
    newest = max(movement.month_on for movement in moved)
    parts = [movement.said + (f" in {month(movement.month_on)}" if movement.month_on != newest else "") for movement in moved]
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"{word} in {month(newest)} than in the twelve months before: {listed}."


def _movement(catalog: dict, row: dict) -> Movement | None:
    if catalog["unit"] in ("share", "points") and row["denominator"] < LEAST_COUNT:
        return None
    sign = 1 if catalog["direction"] == "higher" else -1
    strength = sign * (row["value"] - row["usual"]) / row["scatter"]
    return Movement(catalog, row["month_on"], row["value"], row["usual"], strength)
