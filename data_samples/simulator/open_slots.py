"""Snapshots of clinicians' open slots, as a caller could book them that morning."""

import numpy as np
import polars as pl

from data_samples.simulator.clock import Clock, local_instants
from data_samples.simulator.practice import NEVER, Practice

_SHOWN, _AHEAD_DAYS = 6, 60
"""Slots per clinician in a snapshot, earliest first, and days that it looks ahead."""
_MINUTES = 20
_STARTS = np.array([480 + _MINUTES * number for number in range(26) if not 12 <= number < 15])
"""Slots of a day, in minutes after local midnight; closed for an hour at noon."""
_FREE_SHARE, _FILLED_DAYS, _PROGRAM = 0.5, (12.0, 26.0), 0.75
"""Share of slots free far ahead; days ahead at which most are given away, a clinician's own; what the program makes of these."""
_SNAPSHOT_MINUTE = 7 * 60


def taken(appointments: pl.DataFrame) -> pl.DataFrame:
    """The appointments of one chunk (see `Visits`) that occupy slots."""
    columns = ("starts_at", "ends_at", "booked_at", "cancelled_at")
    return appointments.select(pl.col("clinician").cast(pl.Int32), pl.col("starts_at").dt.date().alias("on"), *columns)


def open_slots(practice: Practice, clock: Clock, booked: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """Versions of the extract: the next slots of each clinician on each Monday of the written months; `booked`: see `taken`."""
    last = np.datetime64(clock.end_on)
    mondays = np.arange(np.busday_offset(clock.start_on, 0, "forward", "1000000"), last + 1, 7)
    days = clock.working_days(clock.start_on, last + _AHEAD_DAYS)
    slots = []
    for clinician, (site, left) in enumerate(practice.clinicians.select("site", "left_month").iter_rows()):
        there = days if left >= NEVER else days[days < clock.month_starts[left]]
        live = practice.go_live_month[site]
        live_on = clock.month_starts[live] if live < NEVER else last + 1
        filled = random.uniform(*_FILLED_DAYS) * np.where(mondays >= live_on, _PROGRAM, 1)
        # Each slot has one draw, so that a taken slot is not free again a week later.
        draws = random.random((len(there), len(_STARTS)))
        slots += [_free(clinician, *snapshot, there, draws) for snapshot in zip(mondays, filled, strict=True)]
    number, monday, day, minute = (np.concatenate(part) for part in zip(*slots, strict=True))
    free = pl.DataFrame(
        {
            "clinician": pl.Series(number, dtype=pl.Int32),
            "snapshot_on": pl.Series(monday, dtype=pl.Date),
            "snapshot_at": local_instants(monday, np.full(len(monday), _SNAPSHOT_MINUTE)),
            "starts_at": pl.Series(local_instants(day, minute), dtype=pl.Datetime("us")),
        }
    )
    ends_at = pl.col("starts_at") + pl.duration(minutes=_MINUTES)
    free = free.with_columns(ends_at=ends_at, on=pl.col("starts_at").dt.date()).with_row_index("row")
    is_taken = (
        (pl.col("booked_at") <= pl.col("snapshot_at"))
        & (pl.col("cancelled_at") > pl.col("snapshot_at")).fill_null(True)
        & (pl.col("starts_at_booked") < pl.col("ends_at"))
        & (pl.col("ends_at_booked") > pl.col("starts_at"))
    )
    held = free.join(booked, on=["clinician", "on"], suffix="_booked").filter(is_taken)["row"]
    shown = free.filter(~pl.col("row").is_in(held.implode()))
    shown = shown.filter(pl.int_range(pl.len()).over("clinician", "snapshot_on") < _SHOWN)
    return shown.select(
        "snapshot_on",
        "starts_at",
        practitioner_id=practice.clinicians["practitioner_id"].gather(shown["clinician"]),
        location_id=practice.sites["location_id"].gather(practice.clinicians["site"].gather(shown["clinician"])),
        duration_minutes=pl.lit(_MINUTES),
        updated_at="snapshot_at",
    )


def _free(
    clinician: int, monday: np.datetime64, filled_days: float, days: np.ndarray, draws: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Slots of one clinician that were not given away by a morning, apart from what the appointments say; twice what is shown.

    A clinician's number, snapshot, local day and minute of each.
    """
    near = (days >= monday) & (days <= monday + _AHEAD_DAYS)
    ahead = (days[near] - monday).astype(float)
    share = _FREE_SHARE * (1 - np.exp(-((ahead / filled_days) ** 2)))
    day, slot = (rows[: 2 * _SHOWN] for rows in np.nonzero(draws[near] < share[:, None]))
    return np.full(len(day), clinician), np.full(len(day), monday), days[near][day], _STARTS[slot]
