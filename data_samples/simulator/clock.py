"""Months, working days and instants of the practice: one calendar for every part of the simulation.

Months are numbered from 0, the first month of the burn-in. Instants are UTC microseconds; opening hours are local.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from data_samples.simulator.parameters import BURN_IN_MONTHS, LOOK_AHEAD_MONTHS

TIME_ZONE = "America/New_York"
FUTURE_MONTHS = 15
"""Months after the last written one in which an appointment may be booked."""
_HOLIDAYS = ("01-01", "07-04", "12-25")


@dataclass(frozen=True)
class Clock:
    """The calendar of one simulation of `n_months` months that ends on the day `end_on`."""

    end_on: date
    n_months: int

    @property
    def first(self) -> int:
        """Number of the first month that is written."""
        return BURN_IN_MONTHS

    @property
    def last(self) -> int:
        """Number of the last month that is written."""
        return BURN_IN_MONTHS + self.n_months - 1

    @property
    def n_simulated(self) -> int:
        """Number of simulated months, including burn-in and look-ahead."""
        return self.last + 1 + LOOK_AHEAD_MONTHS

    @cached_property
    def month_starts(self) -> np.ndarray:
        """First days of all months, `datetime64[D]`, beyond the last one in which an appointment may lie."""
        end = np.datetime64(self.end_on, "M")
        return (end - self.last + np.arange(self.n_simulated + FUTURE_MONTHS)).astype("datetime64[D]")

    @cached_property
    def _working_days(self) -> tuple[np.ndarray, np.ndarray]:
        days = np.arange(self.month_starts[0], self.month_starts[-1])
        holidays = [day for day in days if str(day)[5:] in _HOLIDAYS]
        days = days[np.is_busday(days, holidays=holidays)]
        return days, np.searchsorted(days, self.month_starts)

    @property
    def start_on(self) -> np.datetime64:
        return self.month_starts[self.first]

    def working_day(self, month: np.ndarray, share: np.ndarray) -> np.ndarray:
        """The working day of a month at `share` (0 to below 1) of its working days; closed on Sundays, Saturdays, holidays."""
        days, starts = self._working_days
        return days[starts[month] + (share * (starts[month + 1] - starts[month])).astype(np.int64)]

    def working_days(self, first: np.datetime64, last: np.datetime64) -> np.ndarray:
        """The working days from `first` to `last`, `datetime64[D]`."""
        days, _ = self._working_days
        return days[(days >= first) & (days <= last)]

    def share_of_working_days_before(self, month: int, day: np.datetime64) -> float:
        """Share of the month's working days that lie before `day`, 0 to 1."""
        days, starts = self._working_days
        in_month = days[starts[month] : starts[month + 1]]
        return float((in_month < day).mean())


def local_instants(days: np.ndarray, minutes: np.ndarray) -> np.ndarray:
    """UTC instants (`datetime64[us]`) of local days and minutes after local midnight.

    Where the clock skips an hour the later instant is taken; where it repeats one, the later as well.
    """
    wall = days.astype("datetime64[us]") + minutes.astype("timedelta64[m]")
    series = pl.Series(wall).dt.replace_time_zone(TIME_ZONE, ambiguous="latest", non_existent="null")
    shifted = pl.Series(wall + np.timedelta64(60, "m")).dt.replace_time_zone(TIME_ZONE, ambiguous="latest", non_existent="null")
    return series.fill_null(shifted).dt.convert_time_zone("UTC").dt.replace_time_zone(None).to_numpy()


def minutes(values: ArrayLike) -> np.ndarray:
    """Whole numbers as `timedelta64[m]`."""
    return np.asarray(values).astype("timedelta64[m]")
