"""The hidden engagement of each patient, month by month, and what it brings about.

A patient is engaged, wavering or disengaged in a month. In each month, in this order: outreach may reach the patient; the patient may
book; what is due is kept, missed or cancelled, and may be booked again; an acute visit may happen; a completed visit may lead to
a follow-up; the portal is opened or not; then the state moves. Every probability is a function of the state and of facts that
the extracts show, so that the exact risk (`risk.py`) is a sum over three states, and the filter below is the best anybody can do.
"""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from data_samples.simulator.clock import Clock
from data_samples.simulator.parameters import Parameters
from data_samples.simulator.population import Population
from data_samples.simulator.practice import NEVER, Practice

NONE = -1
_LOGIN_COUNTS = np.arange(6)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _logit(p: np.ndarray) -> np.ndarray:
    return np.log(p) - np.log1p(-p)


@dataclass
class Laws:
    """The probabilities of one chunk's patients, as functions of the month. Arrays are patients x states."""

    parameters: Parameters
    clock: Clock
    population: Population
    practice: Practice
    has_program: bool = True

    def __post_init__(self) -> None:
        p, people = self.parameters, self.population
        self.age = (self.clock.start_on - people["birth_on"].astype("datetime64[D]")).astype(float) / 365.25
        self.interval_months = np.select([people["n_chronic"] >= 3, people["n_chronic"] >= 1], [3, 6], 12)
        child = np.select([self.age < 2, self.age < 6], [3, 6], 12)
        self.interval_months = np.where(self.age < 18, np.minimum(child, self.interval_months), self.interval_months)
        young = ((self.age >= 18) & (self.age < 35)).astype(float)
        distance = (np.log(people["distance_miles"]) - 1.5) / 0.8
        self._young, self._distance, self._payer = young, distance, people["payer"]
        self.drift = p.young_adult_drift * young + p.distance_drift * distance + p.condition_drift * people["n_chronic"]
        acute = np.select([self.age < 6, self.age < 18], [0.32, 0.17], 0.10 + 0.045 * people["n_chronic"]).clip(0, 0.32)
        self.acute = acute[:, None] * np.array(p.acute_factor)
        """Probability of booking an acute visit in the month."""
        self.go_live_month = self.practice.go_live_month[people["site"]]
        self.left_month = self.practice.left_month[people["clinician"]]

    def payer(self, month: int) -> np.ndarray:
        people = self.population
        return np.where(month >= people["later_payer_month"], people["later_payer"], people["payer"])

    def program(self, month: int) -> np.ndarray:
        """1 where the patient's site is on the program in the month, 0 elsewhere, scaled as the parameters say."""
        return (month >= self.go_live_month) * self.parameters.program_scale * self.has_program

    def is_medicaid(self, month: int) -> np.ndarray:
        return np.isin(self.payer(month), (5, 6)).astype(float)

    def booking(self, month: int, months_since_visit: np.ndarray, contact: np.ndarray) -> np.ndarray:
        """Probability of booking in the month with nothing booked: low after a visit, highest when the next one is due."""
        overdue = months_since_visit / self.interval_months
        eagerness = np.select([overdue < 0.5, overdue < 0.9, overdue < 2.2], [0.25, 0.7, 1.3], 0.8)
        base = (np.array(self.parameters.booking) * eagerness[:, None]).clip(0, 0.9)
        return _sigmoid(_logit(base) + (self.parameters.contact_booking * self.parameters.program_scale * contact)[:, None])

    def outcomes(self, month: int, is_long_lead: np.ndarray) -> np.ndarray:
        """Probability of each outcome of an appointment that is due in the month: patients x states x outcomes."""
        p = self.parameters
        shift = (
            p.no_show_young_adult * self._young
            + p.no_show_medicaid * self.is_medicaid(month)
            + p.no_show_distance * self._distance
            + p.no_show_long_lead * is_long_lead
            + p.program_no_show * self.program(month)
        )
        weights = np.ones((len(shift), 3, 4))
        weights[:, :, 1] = np.exp(np.array(p.no_show) + shift[:, None])
        weights[:, :, 2] = np.exp(np.array(p.cancelled_by_patient))
        weights[:, :, 3] = np.exp(p.cancelled_by_practice)
        return weights / weights.sum(axis=2, keepdims=True)

    def rebooking(self) -> np.ndarray:
        """Probability that a missed appointment is booked again: states x outcomes; 0 for a completed one."""
        p = self.parameters
        kept = np.zeros(3)
        return np.stack([kept, p.rebooked_after_no_show, p.rebooked_after_cancellation, p.rebooked_by_practice], axis=1)

    def transitions(self, month: int, contact: np.ndarray, has_visit: np.ndarray) -> np.ndarray:
        """Probability of moving between states at the end of the month: patients x from x to."""
        p = self.parameters
        left = (month >= self.left_month) & (month < self.left_month + p.clinician_left_months)
        self_pay = self.payer(month) == 8
        program = self.program(month)
        down = self.drift + p.medicaid_drift * self.is_medicaid(month) + p.self_pay_drift * self_pay
        down = down + p.clinician_left_drift * left + p.program_drift * program
        up = p.visit_recovery * has_visit + p.contact_recovery * p.program_scale * contact + p.program_recovery * program
        matrix = np.zeros((len(down), 3, 3))
        matrix[:, 0, 1] = _sigmoid(p.to_wavering + down)
        matrix[:, 1, 2] = _sigmoid(p.to_disengaged + down) * 0.9
        matrix[:, 1, 0] = _sigmoid(p.wavering_to_engaged + up) * (1 - matrix[:, 1, 2])
        matrix[:, 2, 1] = _sigmoid(p.disengaged_to_wavering + up)
        for state in range(3):
            matrix[:, state, state] = 1 - matrix[:, state].sum(axis=1)
        return matrix

    def is_present(self, month: int) -> np.ndarray:
        people = self.population
        return (people["joined_month"] <= month) & (month < people["moved_month"]) & (month < people["died_month"])

    def has_portal(self, month: int) -> np.ndarray:
        return month >= self.population["portal_month"]


@dataclass
class History:
    """What one chunk's patients lived through. Monthly arrays are months x patients.

    `state` and `belief` (x states; given everything that happened before the month) hold in the month; `months_since_visit`,
    `pending_month` (month that the booked appointment is due in; `NONE`), `pending_is_long` are as the month begins. `logins` counts, `contact` marks who was
    reached. `appointments` has a row per booking: patient, booked_month, due_month, kind, is_long_lead, outcome (`NONE`: still
    to come), rebooked_from (row number, `NONE`), reminded, confirmed, surveyed, survey (-1 none, 0 happy, 1 unhappy), follows (row of the visit
    that it was booked at, `NONE`). `outreach` has a row per campaign member: patient, month, is_held_out, is_reached.
    """

    state: np.ndarray
    belief: np.ndarray
    months_since_visit: np.ndarray
    pending_month: np.ndarray
    pending_is_long: np.ndarray
    logins: np.ndarray
    contact: np.ndarray
    appointments: pl.DataFrame = field(default_factory=pl.DataFrame)
    outreach: pl.DataFrame = field(default_factory=pl.DataFrame)


class _Bookings:
    """Appointments as they are made, and the one that each patient has pending."""

    def __init__(self, n: int) -> None:
        self.rows: list[np.ndarray] = []
        self.size = 0
        self.pending = np.full(n, NONE)
        self.pending_month = np.full(n, NONE)
        self.pending_is_long = np.zeros(n, dtype=bool)

    def add(self, patients, booked_month, due_month, kind, *, is_long=False, rebooked_from=NONE, follows=NONE, is_pending=True):
        """Book for `patients` (numbers) and return the new row numbers."""
        n = len(patients)
        numbers = np.arange(self.size, self.size + n)
        columns = (patients, booked_month, due_month, kind, is_long, rebooked_from, follows)
        self.rows.append(np.stack([np.broadcast_to(column, n) for column in columns], axis=1).astype(np.int32))
        self.size += n
        if is_pending:
            self.pending[patients] = numbers
            self.pending_month[patients] = due_month
            self.pending_is_long[patients] = is_long
        return numbers

    def frame(self, resolved: dict[str, np.ndarray]) -> pl.DataFrame:
        names = ("patient", "booked_month", "due_month", "kind", "is_long_lead", "rebooked_from", "follows")
        table = np.concatenate(self.rows)
        return pl.DataFrame(dict(zip(names, table.T, strict=True)) | {k: v[: self.size] for k, v in resolved.items()})


KINDS = ("routine", "follow_up", "rebooked", "acute", "first")
_ROUTINE, _FOLLOW_UP, _REBOOKED, _ACUTE, _FIRST = range(5)
_DRAWS = 20


def live(laws: Laws, random: np.random.Generator) -> History:
    """Let one chunk live through the months of its clock.

    The number of random draws does not depend on what happens, so that the same generator with and without the program gives the
    two worlds that the program's true effect is the difference of.
    """
    clock, p, n = laws.clock, laws.parameters, len(laws.population)
    months = clock.n_simulated
    history = History(
        state=np.zeros((months, n), np.int8),
        belief=np.zeros((months, n, 3), np.float32),
        months_since_visit=np.zeros((months, n), np.int16),
        pending_month=np.full((months, n), NONE, np.int16),
        pending_is_long=np.zeros((months, n), bool),
        logins=np.zeros((months, n), np.int8),
        contact=np.zeros((months, n), np.int8),
    )
    state = np.searchsorted(np.cumsum(p.start_shares), random.random(n)).clip(0, 2)
    belief = np.tile(np.array(p.start_shares), (n, 1))
    joined = laws.population["joined_month"]
    last_visit = np.minimum(joined, -1) + (random.random(n) * np.minimum(-np.minimum(joined, -1), 14)).astype(int)
    last_visit = np.where(joined < 0, last_visit, joined)
    last_contact, contact_before = np.full(n, -99), np.zeros(n)
    bookings, outreach = _Bookings(n), []
    capacity = n * (months + 2)
    outcome, survey = np.full(capacity, NONE, np.int8), np.full(capacity, NONE, np.int8)
    was_reminded, confirmed, surveyed = (np.zeros(capacity, bool) for _ in range(3))
    wave_draws = random.random((months // 6 + 2, n))
    rows = np.arange(n)
    for month in range(months):
        u = random.random((_DRAWS, n))
        present = laws.is_present(month)
        newly = (joined == month) & present
        likelihood = np.ones((n, 3))
        since = month - last_visit
        history.state[month], history.belief[month] = state, belief
        history.months_since_visit[month] = since
        history.pending_month[month], history.pending_is_long[month] = bookings.pending_month, bookings.pending_is_long

        # A new patient's first appointment, this month or the next.
        first = np.flatnonzero(newly)
        bookings.add(first, month, month + (u[0, first] < 0.4), _FIRST)

        # Outreach at sites on the program: overdue adults with nothing booked, a share of them, a fifth held out.
        overdue = since > 1.2 * laws.interval_months
        eligible = present & overdue & (bookings.pending == NONE) & (laws.age >= 18) & (month >= laws.go_live_month) & laws.has_program
        eligible &= (month - last_contact >= p.outreach_pause_months) & (since < 30)
        member = eligible & (u[1] < p.outreach_share)
        held_out = wave_draws[month // 6] < p.held_out_share
        p_reached = np.array(p.reached_by_outreach)[None, :].repeat(n, 0)
        reached = member & ~held_out & (u[2] < p_reached[rows, state])
        tried = member & ~held_out
        likelihood *= np.where(tried[:, None], np.where(reached[:, None], p_reached, 1 - p_reached), 1)
        last_contact = np.where(member, month, last_contact)
        outreach.append(np.stack([np.flatnonzero(member), np.full(member.sum(), month), held_out[member], reached[member]], axis=1))
        history.contact[month] = reached
        contact = reached | (contact_before > 0)

        # Book, with nothing booked.
        free = present & (bookings.pending == NONE)
        p_book = laws.booking(month, since, contact.astype(float))
        books = free & (u[3] < p_book[rows, state])
        likelihood *= np.where(free[:, None], np.where(books[:, None], p_book, 1 - p_book), 1)
        ahead = np.searchsorted(np.cumsum(p.booking_months_ahead), u[4]).clip(0, 2)
        who = np.flatnonzero(books)
        bookings.add(who, month, month + ahead[who], _ROUTINE, is_long=ahead[who] >= 2)

        # What is due is kept or not; what is not kept may be booked again, a month later.
        due = present & (bookings.pending_month == month)
        p_outcome = laws.outcomes(month, bookings.pending_is_long)
        result = (u[5][:, None] > np.cumsum(p_outcome[rows, state], axis=1)).sum(axis=1).clip(0, 3)
        due_row = bookings.pending.copy()
        outcome[due_row[due]] = result[due]
        likelihood *= np.where(due[:, None], p_outcome[rows, :, result], 1)
        reminded = due & (u[6] < np.where(laws.program(month) > 0, 0.95, 0.45))
        p_confirm = np.array(p.reminder_confirmed)
        confirms = reminded & (u[7] < p_confirm[state])
        was_reminded[due_row[reminded]], confirmed[due_row[confirms]] = True, True
        likelihood *= np.where(reminded[:, None], np.where(confirms[:, None], p_confirm, 1 - p_confirm), 1)
        bookings.pending[due], bookings.pending_month[due] = NONE, NONE
        p_rebook = laws.rebooking()[:, result].T
        missed = due & (result > 0)
        rebooks = missed & (u[8] < p_rebook[rows, state])
        likelihood *= np.where(missed[:, None], np.where(rebooks[:, None], p_rebook, 1 - p_rebook), 1)
        who = np.flatnonzero(rebooks)
        bookings.add(who, month, month + 1, _REBOOKED, rebooked_from=due_row[who])

        # An acute visit, booked and nearly always kept within the month.
        ill = present & ~newly & (u[9] < laws.acute[rows, state])
        likelihood *= np.where((present & ~newly)[:, None], np.where(ill[:, None], laws.acute, 1 - laws.acute), 1)
        acute_rows = bookings.add(np.flatnonzero(ill), month, month, _ACUTE, is_pending=False)
        is_seen = u[17] < p.acute_kept
        outcome[acute_rows] = np.where(is_seen[ill], 0, 1)
        kept = due & (result == 0)
        visit = kept | (ill & is_seen)
        last_visit = np.where(visit, month, last_visit)

        # A kept appointment may lead to a follow-up.
        p_follow = np.array(p.follow_up)
        asks = kept & (bookings.pending == NONE)
        follows = asks & (u[10] < p_follow[state])
        likelihood *= np.where(asks[:, None], np.where(follows[:, None], p_follow, 1 - p_follow), 1)
        lag = np.maximum(1, laws.interval_months - (u[11] < 0.3) + (u[11] > 0.8))
        who = np.flatnonzero(follows)
        bookings.add(who, month, month + lag[who], _FOLLOW_UP, is_long=lag[who] >= 2, follows=due_row[who])

        # A survey comes back or not, happy or not; the portal is opened or not.
        p_return, p_unhappy = np.array(p.survey_returned), np.array(p.survey_unhappy)
        asked = kept & (u[12] < 0.8)
        returns = asked & (u[13] < p_return[state])
        unhappy = u[14] < p_unhappy[state]
        surveyed[due_row[asked]], survey[due_row[returns]] = True, unhappy[returns]
        answered = p_return * np.where(unhappy[:, None], p_unhappy, 1 - p_unhappy)
        likelihood *= np.where(asked[:, None], np.where(returns[:, None], answered, 1 - p_return), 1)
        online = present & laws.has_portal(month)
        logins = _login_probabilities(p)
        count = (u[15][:, None] > np.cumsum(logins, axis=1)[state]).sum(axis=1).clip(0, len(_LOGIN_COUNTS) - 1)
        history.logins[month] = np.where(online, count, 0)
        likelihood *= np.where(online[:, None], logins[:, count].T, 1)

        # The state moves, and with it what an observer who knows the laws believes.
        matrix = laws.transitions(month, contact.astype(float), visit.astype(float))
        posterior = belief * likelihood
        posterior /= posterior.sum(axis=1, keepdims=True)
        moved = np.einsum("ns,nst->nt", posterior, matrix)
        belief = np.where(present[:, None], moved, belief)
        following = (u[16][:, None] > np.cumsum(matrix[rows, state], axis=1)).sum(axis=1).clip(0, 2)
        state = np.where(present, following, state)
        contact_before = np.where(present, reached, 0)
    resolved = {"outcome": outcome, "reminded": was_reminded, "confirmed": confirmed, "surveyed": surveyed, "survey": survey}
    history.appointments = bookings.frame(resolved)
    members = np.concatenate(outreach).astype(np.int32)
    history.outreach = pl.DataFrame(members, schema=["patient", "month", "is_held_out", "is_reached"], orient="row")
    return history


def _login_probabilities(p: Parameters) -> np.ndarray:
    """Probability of 0 to 5 portal logins in a month (Poisson, cut off): states x counts."""
    rate = np.array(p.portal_logins)[:, None]
    factorial = np.cumprod(np.maximum(_LOGIN_COUNTS, 1))
    weights = np.exp(-rate) * rate**_LOGIN_COUNTS / factorial
    return weights / weights.sum(axis=1, keepdims=True)


def departed(population: Population) -> np.ndarray:
    """Month in which each patient died or moved away; `NEVER` for those who stayed."""
    return np.minimum(np.minimum(population["moved_month"], population["died_month"]), NEVER)
