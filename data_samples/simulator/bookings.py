"""Appointments of the engagement chain, and the pending one of each patient."""

import numpy as np
import polars as pl

NONE = -1
KINDS = ("routine", "follow_up", "rebooked", "acute", "first")
ROUTINE, FOLLOW_UP, REBOOKED, ACUTE, FIRST = range(5)
_COLUMNS = ("patient", "booked_month", "due_month", "kind", "is_long_lead", "rebooked_from", "follows")


class Bookings:
    """Bookings by number; `book` adds them, and outcomes are set by number in the arrays listed in `frame`.

    `pending`, `pending_month`, `pending_is_long` give for each patient the number, due month (`NONE`: nothing booked) and lead
    of the booked appointment. Acute visits are booked and over within a month, and never pending.
    """

    def __init__(self, n_patients: int, capacity: int) -> None:
        self._rows: list[np.ndarray] = []
        self._size = 0
        self.pending = np.full(n_patients, NONE)
        self.pending_month = np.full(n_patients, NONE)
        self.pending_is_long = np.zeros(n_patients, dtype=bool)
        self.outcome, self.survey = np.full(capacity, NONE, np.int8), np.full(capacity, NONE, np.int8)
        self.reminded, self.confirmed, self.surveyed = (np.zeros(capacity, bool) for _ in range(3))

    def book(
        self,
        patients: np.ndarray,
        month: int,
        due_month: int | np.ndarray,
        kind: int,
        *,
        is_long: bool | np.ndarray = False,
        rebooked_from: int | np.ndarray = NONE,
        follows: int | np.ndarray = NONE,
    ) -> np.ndarray:
        """Book for `patients` (row numbers) in `month`, and return the numbers of the bookings."""
        n = len(patients)
        numbers = np.arange(self._size, self._size + n)
        values = (patients, month, due_month, kind, is_long, rebooked_from, follows)
        self._rows.append(np.stack([np.broadcast_to(value, n) for value in values], axis=1).astype(np.int32))
        self._size += n
        if kind != ACUTE:
            self.pending[patients] = numbers
            self.pending_month[patients] = due_month
            self.pending_is_long[patients] = is_long
        return numbers

    def release(self, patients: np.ndarray) -> None:
        """Clear the pending appointment of these patients (mask)."""
        self.pending[patients], self.pending_month[patients] = NONE, NONE

    def frame(self) -> pl.DataFrame:
        """One row per booking, in the order of their numbers.

        patient, booked_month, due_month, kind, is_long_lead, outcome (`NONE`: still to come), rebooked_from (number of the missed
        one), follows (number of the visit at which it was booked), reminded, confirmed, surveyed, survey (`NONE`, 0 happy,
        1 unhappy)
        """
        made = dict(zip(_COLUMNS, np.concatenate(self._rows).T, strict=True))
        became = {name: getattr(self, name)[: self._size] for name in ("outcome", "reminded", "confirmed", "surveyed", "survey")}
        return pl.DataFrame(made | became)
