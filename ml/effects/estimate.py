"""What every estimator returns, and how it refuses."""

from dataclasses import dataclass, field
from math import isfinite
from typing import Any

CONFIDENCE = 0.95


class EstimateRefused(ValueError):
    """The data cannot give this estimate. The text names column and data row (the first after the header is 1), never a value."""

    def __init__(self, reason: str, *, column: str | None = None, row: int | None = None) -> None:
        place = ", ".join([f"column {column}"] * (column is not None) + [f"data row {row}"] * (row is not None))
        super().__init__(f"{place}: {reason}" if place else reason)


@dataclass(frozen=True)
class Estimate:
    """One effect with its uncertainty.

    `interval` is the 95 % interval; both ends are infinite if the data cannot bound the effect. `n` counts what was
    randomised or observed independently: rows, units of a panel, or points of a series. `inference` describes how the
    standard error and the interval were computed. `parts` holds the components of the estimate: numbers, rows, tables.
    """

    estimate: float
    standard_error: float
    interval: tuple[float, float]
    n: int
    inference: str
    parts: dict[str, Any] = field(default_factory=dict)

    @property
    def is_significant(self) -> bool:
        """Whether the 95 % interval excludes zero."""
        return self.interval[0] > 0 or self.interval[1] < 0

    def as_dict(self) -> dict[str, Any]:
        """The estimate ready for JSON: intervals as lists, null for infinite or unknown values."""
        whole = {
            "estimate": self.estimate,
            "standard_error": self.standard_error,
            "interval": self.interval,
            "n": self.n,
            "inference": self.inference,
            **self.parts,
        }
        return _plain(whole)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
