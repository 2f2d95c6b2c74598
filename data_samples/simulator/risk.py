"""The true risk of disengaging, by exact summation over the engagement chain.

On the first of a month a patient is in a hidden state and has, or has not, an appointment booked. Going backwards from the
horizon, `lapse_probability` sums over all possible events. Weighted with the true state it is the unobservable true risk;
weighted with the filter's belief (`History.belief`) it is the best risk obtainable from the extracts.
"""

import numpy as np

from data_samples.simulator.engagement import History
from data_samples.simulator.laws import Laws

HORIZON_DAYS = 180
_AHEAD = 6
"""Months that the horizon reaches into."""
_FREE = 0
_SLOTS = 1 + 2 * _AHEAD
"""Nothing booked; booked at short notice and due in 0 to 5 months; booked long ahead and due in 0 to 5 months."""


def _slot(months_ahead: int, is_long: int) -> int:
    return 1 + is_long * _AHEAD + months_ahead


class Risk:
    """Probabilities for some patients (`rows`) of a chunk at the beginning of a month, with nobody contacting them.

    `contact_now` marks who is contacted in the first month (a what-if); contact of the month before is taken from the history.
    """

    def __init__(self, laws: Laws, history: History, month: int, rows: np.ndarray) -> None:
        self.laws, self.history, self.month, self.rows = laws, history, month, rows
        self.clock = laws.clock
        start = self.clock.month_starts[month]
        self.end = start + np.timedelta64(HORIZON_DAYS, "D")
        self._since = history.months_since_visit[month][rows]
        # Only a visit changes what is expected, and whoever lapses has none.
        self._interval_days = history.interval_days[month]
        self._contact_before = history.contact[month - 1][rows] > 0

    def slots(self) -> np.ndarray:
        """What each patient has booked: a slot number; -1 for an appointment beyond the horizon."""
        ahead = self.history.pending_month[self.month][self.rows] - self.month
        is_long = self.history.pending_is_long[self.month][self.rows].astype(int)
        slot = np.where(ahead < 0, _FREE, 1 + is_long * _AHEAD + ahead)
        return np.where(ahead >= _AHEAD, -1, slot)

    def lapse_probability(self) -> np.ndarray:
        """P(no completed visit within 180 days, and none booked at their end), patients x states x slots."""
        return self._backwards(_AHEAD, needs_no_booking=True, has_contact=False)

    def no_visit_probability(self, n_months: int, has_contact: bool) -> np.ndarray:
        """P(no completed visit in this and the following `n_months` - 1 months), patients x states x slots."""
        return self._backwards(n_months, needs_no_booking=False, has_contact=has_contact)

    def _backwards(self, n_months: int, *, needs_no_booking: bool, has_contact: bool) -> np.ndarray:
        n = len(self.rows)
        value = np.ones((n, 3, _SLOTS))
        if needs_no_booking:
            value[:, :, 1:] = 0
        for step in reversed(range(n_months)):
            month = self.month + step
            share = 1.0
            if needs_no_booking and step == n_months - 1:
                share = self.clock.share_of_working_days_before(month, self.end)
            contact = np.zeros(n)
            if step == 0:
                contact = np.maximum(self._contact_before.astype(float), float(has_contact))
            if step == 1:
                contact = np.full(n, float(has_contact))
            value = self._month(value, month, self._since + step, contact, share, needs_no_booking)
        return value

    def _month(
        self, after: np.ndarray, month: int, since: np.ndarray, contact: np.ndarray, share: float, needs_no_booking: bool
    ) -> np.ndarray:
        """Value at the beginning of a month from the value at its end, of which `share` of the working days count."""
        laws, rows = self.laws, self.rows
        p = laws.parameters
        moves = laws.transitions(month, _whole(laws, rows, contact), np.zeros(len(laws.population)))[rows]
        after = np.einsum("nst,ntk->nsk", moves, after) if share == 1.0 else after
        well = 1 - laws.acute[rows] * p.acute_kept * share
        booking = laws.booking(_whole(laws, rows, since), self._interval_days, _whole(laws, rows, contact))[rows] * share
        kept = {}
        for is_long in (0, 1):
            outcomes = laws.outcomes(month, np.full(len(laws.population), is_long))[rows]
            again = laws.rebooking()
            rebooked = (outcomes * again[None]).sum(axis=2)
            missed = outcomes[:, :, 1:].sum(axis=2)
            # Missed and booked again for the next month, or missed and left.
            due = rebooked * after[:, :, _slot(0, 0)] + (missed - rebooked) * after[:, :, _FREE]
            if share < 1.0:
                still_booked = 0.0 if needs_no_booking else 1.0
                due = share * ((missed - rebooked) * after[:, :, _FREE]) + (1 - share) * still_booked
            kept[is_long] = due
        before = np.zeros_like(after)
        now, soon, later = p.booking_months_ahead
        if share == 1.0:
            booked = now * kept[0] + soon * after[:, :, _slot(0, 0)] + later * after[:, :, _slot(1, 1)]
        else:
            booked = now * share * kept[0]
        before[:, :, _FREE] = booking * booked + (1 - booking) * after[:, :, _FREE]
        for is_long in (0, 1):
            before[:, :, _slot(0, is_long)] = kept[is_long]
            for ahead in range(1, _AHEAD):
                before[:, :, _slot(ahead, is_long)] = after[:, :, _slot(ahead - 1, is_long)]
        return before * well[:, :, None]


def _whole(laws: Laws, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values of some rows, spread over the whole chunk (zero elsewhere), as the laws take them."""
    whole = np.zeros(len(laws.population))
    whole[rows] = values
    return whole


def at(values: np.ndarray, slots: np.ndarray) -> np.ndarray:
    """Values (patients x states) of the slot that each patient is in; 0 beyond the horizon, where an appointment is booked."""
    chosen = values[np.arange(len(slots)), :, np.maximum(slots, 0)]
    return np.where((slots >= 0)[:, None], chosen, 0.0)
