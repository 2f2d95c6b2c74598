"""The instants of the schedule: when an appointment was booked, cancelled, rebooked or refilled."""

import numpy as np
import polars as pl

from data_samples.simulator.bookings import ACUTE, NONE
from data_samples.simulator.clock import Clock, local_instants

OUTREACH_DAYS = 5
"""Days at the beginning of a month within which that month's outreach is done."""
_REFILLED = 0.45
"""Share of slots freed hours ahead that are refilled by an acute visit."""
_MINUTE, _HOUR, _DAY = np.timedelta64(1, "m"), np.timedelta64(1, "h"), np.timedelta64(1, "D")


def booked_at(
    booked: pl.DataFrame, clock: Clock, day: np.ndarray, starts_at: np.ndarray, called: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """When a first, routine or acute appointment was booked: in its month, on or before its day, at a staffed hour.

    Patients called by the outreach team (`called`, in the first days of the month) book after the call, if there is time.
    """
    n = booked.height
    month, due = booked["booked_month"].to_numpy(), booked["due_month"].to_numpy()
    first = clock.month_starts[month]
    is_acute = booked["kind"].to_numpy() == ACUTE
    last = np.where(due > month, clock.month_starts[month + 1] - _DAY, day)
    first = np.where(is_acute, np.maximum(first, day - _DAY), first)
    first = np.where(called & ~is_acute, np.minimum(first + OUTREACH_DAYS * _DAY, last), first)
    on = first + ((last - first + _DAY).astype(int) * random.random(n)).astype("timedelta64[D]")
    at = local_instants(on, random.integers(450, 1080, n))
    latest = starts_at - random.integers(30, 90, n) * _MINUTE
    return np.minimum(at, latest)


def cancelled_at(
    outcome: np.ndarray, clock: Clock, due: np.ndarray, booked_at: np.ndarray, starts_at: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """When a cancelled appointment was cancelled: within its month, after it was booked."""
    n = len(outcome)
    hours = np.where(outcome == 2, random.exponential(62, n), random.exponential(50, n))
    at = starts_at - (hours * 60).astype(int) * _MINUTE
    opening = local_instants(clock.month_starts[due], np.full(n, 470))
    at = np.maximum(np.maximum(at, opening), booked_at + (starts_at - booked_at) // 10)
    return np.where(outcome >= 2, np.minimum(at, starts_at - 5 * _MINUTE), np.datetime64("NaT"))


def chained(
    booked: pl.DataFrame,
    booked_at: np.ndarray,
    cancelled_at: np.ndarray,
    starts_at: np.ndarray,
    clock: Clock,
    random: np.random.Generator,
) -> np.ndarray:
    """A follow-up is booked as its visit ends; a missed appointment is booked again within days, in the same month."""
    n = booked.height
    follows, rebooked = booked["follows"].to_numpy(), booked["rebooked_from"].to_numpy()
    end_of_month = local_instants(clock.month_starts[booked["booked_month"].to_numpy() + 1] - _DAY, np.full(n, 1200))
    missed_at = np.where(np.isnat(cancelled_at), starts_at + 2 * _HOUR, cancelled_at)[rebooked]
    again = np.minimum(missed_at + random.integers(5, 60 * 60, n) * _MINUTE, end_of_month)
    again = np.maximum(again, missed_at)
    booked_at = np.where(rebooked != NONE, again, booked_at)
    return np.where(follows != NONE, starts_at[follows] + 45 * _MINUTE, booked_at)


def refill(
    kind: np.ndarray,
    clinician: np.ndarray,
    due: np.ndarray,
    starts_at: np.ndarray,
    booked_at: np.ndarray,
    cancelled_at: np.ndarray,
    random: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Give some slots that were cancelled in time to acute visits of the same clinician and month."""
    n = len(kind)
    in_time = starts_at - cancelled_at >= 3 * _HOUR
    free = np.flatnonzero(in_time & (random.random(n) < _REFILLED))
    wanted = np.flatnonzero(kind == ACUTE)
    slots, takers = (
        pl.DataFrame({"row": rows, "clinician": clinician[rows], "due": due[rows]}).with_columns(
            turn=pl.int_range(pl.len()).over("clinician", "due")
        )
        for rows in (free, wanted)
    )
    pairs = slots.join(takers, on=["clinician", "due", "turn"], suffix="_taker", maintain_order="left")
    slot, taker = pairs["row"].to_numpy(), pairs["row_taker"].to_numpy()
    starts_at, booked_at = starts_at.copy(), booked_at.copy()
    starts_at[taker] = starts_at[slot]
    notice = ((starts_at[slot] - cancelled_at[slot]) / _MINUTE).astype(int)
    booked_at[taker] = cancelled_at[slot] + (notice * random.uniform(0.1, 0.8, len(slot))).astype("timedelta64[m]")
    return starts_at, booked_at
