"""What moved this month: each KPI's newest mature month beside the twelve before it, measured by how much it moves anyway."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from dashboards.kpi_data import ratio
from dashboards.kpi_tiles import Tile
from dashboards.wording import amount, change, month

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
    found = [movement for tile in tiles if (movement := _movement(tile)) is not None]
    return sorted(found, key=lambda movement: -movement.strength)


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


def _movement(tile: Tile) -> Movement | None:
    mature = tile.months.filter(pl.col("is_mature"))
    newest, before = mature.tail(1), mature.head(-1).tail(MONTHS_BEFORE)
    values = before["value"].drop_nulls()
    value, usual, scatter = ratio(newest), ratio(before), values.std()
    if value is None or usual is None or len(values) < LEAST_MONTHS or not scatter:
        return None
    if tile.catalog["unit"] in ("share", "points") and newest["denominator"].item() < LEAST_COUNT:
        return None
    sign = 1 if tile.catalog["direction"] == "higher" else -1
    return Movement(tile.catalog, newest["month_on"].item(), value, usual, sign * (value - usual) / scatter)
