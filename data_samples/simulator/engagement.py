"""The hidden engagement of each patient, month by month, and its consequences.

A patient is engaged, wavering or disengaged in a month. In each month, in this order: outreach may reach the patient; the
patient may book; what is due is kept, missed or cancelled, and may be booked again; an acute visit may happen; a kept
appointment may lead to a follow-up and a survey; the portal is opened or not; then the state moves. Every probability is a
function of the state and of facts that the extracts show (`laws.py`), so that the filter below is the best that anybody can
know of the state.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from data_samples.simulator.bookings import ACUTE, FIRST, FOLLOW_UP, NONE, REBOOKED, ROUTINE, Bookings
from data_samples.simulator.laws import MONTH_DAYS, Laws

_DRAWS = 20
_REMINDED_BEFORE, _REMINDED_UNDER_PROGRAM, _SURVEYED = 0.45, 0.95, 0.8


@dataclass
class History:
    """The simulated history of one chunk's patients. Monthly arrays are months x patients.

    `state` and `belief` (x states; the distribution of the state given everything before the month) hold in the month;
    `months_since_visit`,
    `interval_days` (expected between visits), `pending_month` (`NONE`: nothing booked) and `pending_is_long` are as the month
    begins. `ordered_days` is the follow-up order of the month's last visit (0: none). `logins` counts; `contact` marks who was
    reached by outreach. `appointments`: see `Bookings.frame`. `outreach`: one row per campaign member (patient, month,
    is_held_out, is_reached).
    """

    state: np.ndarray
    belief: np.ndarray
    months_since_visit: np.ndarray
    interval_days: np.ndarray
    ordered_days: np.ndarray
    pending_month: np.ndarray
    pending_is_long: np.ndarray
    logins: np.ndarray
    contact: np.ndarray
    appointments: pl.DataFrame
    outreach: pl.DataFrame


def live(laws: Laws, random: np.random.Generator) -> History:
    """Simulate one chunk through the months of its clock.

    The number of random draws does not depend on events, so the same generator with and without the program gives two worlds
    whose difference is the program's true effect.
    """
    life = _Life(laws, random)
    for month in range(laws.clock.n_simulated):
        life.live_month(month, random.random((_DRAWS, life.n)))
    return life.history()


class _Life:
    """The state of a chunk during simulation, and the likelihood of the month's observations: patients x states."""

    def __init__(self, laws: Laws, random: np.random.Generator) -> None:
        self.laws, p = laws, laws.parameters
        self.n = n = len(laws.population)
        months = laws.clock.n_simulated
        self.each = np.arange(n)
        self.state = np.searchsorted(np.cumsum(p.start_shares), random.random(n)).clip(0, 2)
        self.belief = np.tile(np.array(p.start_shares), (n, 1))
        joined = laws.population["joined_month"]
        arrived = np.minimum(joined, -1)
        last = arrived + (random.random(n) * np.minimum(-arrived, 14)).astype(int)
        self.last_visit = np.where(joined < 0, last, joined)
        self.interval_days = laws.usual_interval_days.copy()
        self.last_tried, self.contact_before = np.full(n, -99), np.zeros(n)
        self.wave_draws = random.random((months // 6 + 2, n))
        self.in_crm = laws.population["is_in_crm"]
        self.may_contact = self.in_crm & ~laws.population["is_do_not_contact"]
        self.bookings = Bookings(n, n * (months + 2))
        self.months: dict[str, list[np.ndarray]] = {name: [] for name in _MONTHLY}
        self.outreach: list[np.ndarray] = []

    def live_month(self, month: int, u: np.ndarray) -> None:
        """One month; `u` are its draws, draws x patients."""
        self.present = self.laws.is_present(month)
        self.likelihood = np.ones((self.n, 3))
        self.since = month - self.last_visit
        self._note(
            state=self.state,
            belief=self.belief,
            months_since_visit=self.since,
            interval_days=self.interval_days,
            pending_month=self.bookings.pending_month,
            pending_is_long=self.bookings.pending_is_long,
        )
        is_new = self.present & (self.laws.population["joined_month"] == month)
        new = np.flatnonzero(is_new)
        self.bookings.book(new, month, month + (u[0, new] < 0.4), FIRST)
        reached = self._reach_out(month, u[1], u[2])
        contact = (reached | (self.contact_before > 0)).astype(float)
        self._book(month, contact, u[3], u[4])
        kept, numbers = self._keep(month, u[5:9])
        ill = self._fall_ill(month, self.present & ~is_new, u[9], u[17])
        visit = kept | ill
        self.last_visit = np.where(visit, month, self.last_visit)
        self._order(visit, u[18], u[19])
        self._follow_up(month, kept, numbers, u[10], u[11])
        self._answer(kept & self.in_crm & (u[12] < _SURVEYED), numbers, u[13], u[14])
        self._log_in(month, u[15])
        self._move(month, contact, visit.astype(float), u[16])
        self.contact_before = np.where(self.present, reached, 0)

    def _note(self, **values: np.ndarray) -> None:
        for name, value in values.items():
            self.months[name].append(value.astype(_MONTHLY[name]))

    def _see(self, where: np.ndarray, happened: np.ndarray, probability: np.ndarray) -> None:
        """Update the likelihood with an observed event or non-event; `probability` is patients x states or states."""
        seen = np.where(happened[:, None], probability, 1 - probability)
        self.likelihood *= np.where(where[:, None], seen, 1)

    def _reach_out(self, month: int, u_member: np.ndarray, u_reached: np.ndarray) -> np.ndarray:
        """Sites on the program call overdue adults with nothing booked; a share of these is held out for half a year."""
        laws, p = self.laws, self.laws.parameters
        overdue = (self.since * MONTH_DAYS > 1.2 * self.interval_days) & (self.since < 30)
        eligible = self.present & self.may_contact & overdue & (self.bookings.pending == NONE) & (laws.age >= 18)
        eligible &= (month >= laws.go_live_month) & laws.has_program & (month - self.last_tried >= p.outreach_pause_months)
        member = eligible & (u_member < p.outreach_share)
        held_out = self.wave_draws[month // 6] < p.held_out_share
        probability = np.array(p.reached_by_outreach)
        tried = member & ~held_out
        reached = tried & (u_reached < probability[self.state])
        self._see(tried, reached, probability)
        self.last_tried = np.where(member, month, self.last_tried)
        who = np.flatnonzero(member)
        self.outreach.append(np.stack([who, np.full(len(who), month), held_out[who], reached[who]], axis=1))
        self._note(contact=reached)
        return reached

    def _book(self, month: int, contact: np.ndarray, u_books: np.ndarray, u_ahead: np.ndarray) -> None:
        free = self.present & (self.bookings.pending == NONE)
        probability = self.laws.booking(self.since, self.interval_days, contact)
        books = free & (u_books < probability[self.each, self.state])
        self._see(free, books, probability)
        who = np.flatnonzero(books)
        ahead = np.searchsorted(np.cumsum(self.laws.parameters.booking_months_ahead), u_ahead[who]).clip(0, 2)
        self.bookings.book(who, month, month + ahead, ROUTINE, is_long=ahead >= 2)

    def _keep(self, month: int, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Decide which due appointments are kept and rebook some of the others. Returns who attended, and the due bookings."""
        laws, bookings = self.laws, self.bookings
        due = self.present & (bookings.pending_month == month)
        number = bookings.pending.copy()
        probability = laws.outcomes(month, bookings.pending_is_long)
        result = (u[0][:, None] > np.cumsum(probability[self.each, self.state], axis=1)).sum(axis=1).clip(0, 3)
        bookings.outcome[number[due]] = result[due]
        self.likelihood *= np.where(due[:, None], probability[self.each, :, result], 1)

        share = np.where(laws.program(month) > 0, _REMINDED_UNDER_PROGRAM, _REMINDED_BEFORE)
        reminded = due & self.in_crm & (u[1] < share)
        confirmed = np.array(laws.parameters.reminder_confirmed)
        confirms = reminded & (u[2] < confirmed[self.state])
        bookings.reminded[number[reminded]], bookings.confirmed[number[confirms]] = True, True
        self._see(reminded, confirms, confirmed)

        bookings.release(due)
        missed = due & (result > 0)
        again = laws.rebooking()[:, result].T
        rebooks = missed & (u[3] < again[self.each, self.state])
        self._see(missed, rebooks, again)
        who = np.flatnonzero(rebooks)
        bookings.book(who, month, month + 1, REBOOKED, rebooked_from=number[who])
        return due & (result == 0), number

    def _fall_ill(self, month: int, may_be: np.ndarray, u_ill: np.ndarray, u_kept: np.ndarray) -> np.ndarray:
        """Acute visits, booked and nearly always kept within the month: who was seen."""
        ill = may_be & (u_ill < self.laws.acute[self.each, self.state])
        self._see(may_be, ill, self.laws.acute)
        is_kept = u_kept < self.laws.parameters.acute_kept
        numbers = self.bookings.book(np.flatnonzero(ill), month, month, ACUTE)
        self.bookings.outcome[numbers] = np.where(is_kept[ill], 0, 1)
        return ill & is_kept

    def _order(self, visit: np.ndarray, u_ordered: np.ndarray, u_days: np.ndarray) -> None:
        """The month's last visit says when to come back: by an order, else after the usual time."""
        ordered = np.where(visit, self.laws.follow_up_days(u_ordered, u_days), 0)
        expected = np.where(ordered > 0, ordered, self.laws.usual_interval_days)
        self.interval_days = np.where(visit, expected, self.interval_days)
        self._note(ordered_days=ordered)

    def _follow_up(self, month: int, kept: np.ndarray, numbers: np.ndarray, u_follows: np.ndarray, u_lag: np.ndarray) -> None:
        asked = kept & (self.bookings.pending == NONE)
        probability = np.array(self.laws.parameters.follow_up)
        follows = asked & (u_follows < probability[self.state])
        self._see(asked, follows, probability)
        who = np.flatnonzero(follows)
        months = np.round(self.interval_days / MONTH_DAYS).astype(int)
        lag = np.maximum(1, months - (u_lag < 0.3) + (u_lag > 0.8))[who]
        self.bookings.book(who, month, month + lag, FOLLOW_UP, is_long=lag >= 2, follows=numbers[who])

    def _answer(self, asked: np.ndarray, numbers: np.ndarray, u_returns: np.ndarray, u_unhappy: np.ndarray) -> None:
        p = self.laws.parameters
        returned, unhappy = np.array(p.survey_returned), np.array(p.survey_unhappy)
        returns, is_unhappy = asked & (u_returns < returned[self.state]), u_unhappy < unhappy[self.state]
        self.bookings.surveyed[numbers[asked]], self.bookings.survey[numbers[returns]] = True, is_unhappy[returns]
        answer = returned * np.where(is_unhappy[:, None], unhappy, 1 - unhappy)
        self.likelihood *= np.where(asked[:, None], np.where(returns[:, None], answer, 1 - returned), 1)

    def _log_in(self, month: int, u: np.ndarray) -> None:
        online = self.present & self.laws.has_portal(month)
        probability = self.laws.logins()
        count = (u[:, None] > np.cumsum(probability, axis=1)[self.state]).sum(axis=1).clip(0, probability.shape[1] - 1)
        self.likelihood *= np.where(online[:, None], probability[:, count].T, 1)
        self._note(logins=np.where(online, count, 0))

    def _move(self, month: int, contact: np.ndarray, visit: np.ndarray, u: np.ndarray) -> None:
        """Move the state, and update the belief of an observer who knows the laws (forward filtering)."""
        matrix = self.laws.transitions(month, contact, visit)
        posterior = self.belief * self.likelihood
        posterior /= posterior.sum(axis=1, keepdims=True)
        self.belief = np.where(self.present[:, None], np.einsum("ns,nst->nt", posterior, matrix), self.belief)
        following = (u[:, None] > np.cumsum(matrix[self.each, self.state], axis=1)).sum(axis=1).clip(0, 2)
        self.state = np.where(self.present, following, self.state)

    def history(self) -> History:
        members = np.concatenate(self.outreach).astype(np.int32)
        outreach = pl.DataFrame(members, schema=["patient", "month", "is_held_out", "is_reached"], orient="row")
        monthly = {name: np.stack(values) for name, values in self.months.items()}
        return History(**monthly, appointments=self.bookings.frame(), outreach=outreach)


_MONTHLY = {
    "state": np.int8,
    "belief": np.float32,
    "months_since_visit": np.int16,
    "interval_days": np.float32,
    "ordered_days": np.int16,
    "pending_month": np.int16,
    "pending_is_long": bool,
    "logins": np.int8,
    "contact": np.int8,
}
