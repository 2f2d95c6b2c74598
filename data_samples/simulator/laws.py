"""The laws of the engagement chain: the probability of every event, given the hidden state and known facts.

The simulation draws from them (`engagement.py`) and the true risk sums over them (`risk.py`), so that the two cannot disagree.
Each law gives an array of patients x states, unless it says otherwise.
"""

from dataclasses import dataclass

import numpy as np

from data_samples.simulator.clock import Clock
from data_samples.simulator.parameters import Parameters
from data_samples.simulator.population import Population
from data_samples.simulator.practice import MEDICAID, SELF_PAY, Practice

MONTH_DAYS = 365.25 / 12
_LOGIN_COUNTS = np.arange(6)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _logit(p: np.ndarray) -> np.ndarray:
    return np.log(p) - np.log1p(-p)


@dataclass
class Laws:
    """The laws for one chunk's patients. `has_program` is false in the world that shows what the program changed.

    `age` is in years on the first day that is written, `usual_interval_days` the expected time between visits where no order
    sets it, `acute` the probability of booking an acute visit in a month (patients x states).
    """

    parameters: Parameters
    clock: Clock
    population: Population
    practice: Practice
    has_program: bool = True

    def __post_init__(self) -> None:
        p, people = self.parameters, self.population
        n_chronic = people["n_chronic"]
        self.age = (self.clock.start_on - people["birth_on"].astype("datetime64[D]")).astype(float) / 365.25
        interval = np.select([n_chronic >= 3, n_chronic >= 1], [3, 6], 12)
        child = np.select([self.age < 2, self.age < 6], [3, 6], 12)
        self.usual_interval_days = np.where(self.age < 18, np.minimum(child, interval), interval) * MONTH_DAYS
        self._young = ((self.age >= 18) & (self.age < 35)).astype(float)
        self._distance = (np.log(people["distance_miles"]) - 1.5) / 0.8
        self._drift = p.young_adult_drift * self._young + p.distance_drift * self._distance + p.condition_drift * n_chronic
        acute = np.select([self.age < 6, self.age < 18], [0.32, 0.17], 0.10 + 0.045 * n_chronic).clip(0, 0.32)
        self.acute = acute[:, None] * np.array(p.acute_factor)
        self.go_live_month = self.practice.go_live_month[people["site"]]
        self.left_month = self.practice.left_month[people["clinician"]]

    def payer(self, month: int) -> np.ndarray:
        """Row of `PAYERS` for each patient."""
        people = self.population
        return np.where(month >= people["later_payer_month"], people["later_payer"], people["payer"])

    def program(self, month: int) -> np.ndarray:
        """1 for each patient whose site is on the program in the month, 0 for others, scaled as the parameters say."""
        return (month >= self.go_live_month) * self.parameters.program_scale * self.has_program

    def has_clinician_left(self, month: int) -> np.ndarray:
        """For each patient: the clinician left within the last months."""
        return (month >= self.left_month) & (month < self.left_month + self.parameters.clinician_left_months)

    def is_present(self, month: int) -> np.ndarray:
        """For each patient: registered, not moved away, alive."""
        people = self.population
        return (people["joined_month"] <= month) & (month < people["moved_month"]) & (month < people["died_month"])

    def has_portal(self, month: int) -> np.ndarray:
        return month >= self.population["portal_month"]

    def follow_up_days(self, u_ordered: np.ndarray, u_days: np.ndarray) -> np.ndarray:
        """Days after a visit by which an order asks each patient to come back, 0: no order; from two uniform draws a patient.

        Orders carry no information about the hidden state.
        """
        p = self.parameters
        is_chronic = self.population["n_chronic"][:, None] > 0
        shares = np.cumsum(np.where(is_chronic, p.ordered_days_chronic, p.ordered_days_others), axis=1)
        choice = (u_days[:, None] > shares).sum(axis=1).clip(0, len(p.ordered_days) - 1)
        is_ordered = (self.population["followed_draw"] < p.followed_share) & (u_ordered < p.follow_up_ordered)
        return np.where(is_ordered, np.array(p.ordered_days)[choice], 0)

    def booking(self, months_since_visit: np.ndarray, interval_days: np.ndarray, contact: np.ndarray) -> np.ndarray:
        """Booking in a month that began with nothing booked: rare after a visit, likeliest when the next one is due."""
        overdue = months_since_visit * MONTH_DAYS / interval_days
        eagerness = np.select([overdue < 0.5, overdue < 0.9, overdue < 2.2], [0.25, 0.7, 1.3], 0.8)
        base = (np.array(self.parameters.booking) * eagerness[:, None]).clip(0, 0.9)
        return _sigmoid(_logit(base) + (self.parameters.contact_booking * self.parameters.program_scale * contact)[:, None])

    def outcomes(self, month: int, is_long_lead: np.ndarray) -> np.ndarray:
        """Probabilities of the outcomes of an appointment due in the month: patients x states x outcomes."""
        p = self.parameters
        shift = (
            p.no_show_young_adult * self._young
            + p.no_show_medicaid * np.isin(self.payer(month), MEDICAID)
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
        """Booking again what was not kept: states x outcomes; 0 for a kept appointment."""
        p = self.parameters
        kept = np.zeros(3)
        return np.stack([kept, p.rebooked_after_no_show, p.rebooked_after_cancellation, p.rebooked_by_practice], axis=1)

    def logins(self) -> np.ndarray:
        """Number of portal logins in a month, 0 to 5 (Poisson, cut off): states x counts."""
        rate = np.array(self.parameters.portal_logins)[:, None]
        weights = np.exp(-rate) * rate**_LOGIN_COUNTS / np.cumprod(np.maximum(_LOGIN_COUNTS, 1))
        return weights / weights.sum(axis=1, keepdims=True)

    def transitions(self, month: int, contact: np.ndarray, has_visit: np.ndarray) -> np.ndarray:
        """Moving between states at the end of the month: patients x from x to."""
        p = self.parameters
        program, payer = self.program(month), self.payer(month)
        down = self._drift + p.medicaid_drift * np.isin(payer, MEDICAID) + p.self_pay_drift * (payer == SELF_PAY)
        down = down + p.clinician_left_drift * self.has_clinician_left(month) + p.program_drift * program
        up = p.visit_recovery * has_visit + p.contact_recovery * p.program_scale * contact + p.program_recovery * program
        matrix = np.zeros((len(down), 3, 3))
        matrix[:, 0, 1] = _sigmoid(p.to_wavering + down)
        matrix[:, 1, 2] = _sigmoid(p.to_disengaged + down) * 0.9
        matrix[:, 1, 0] = _sigmoid(p.wavering_to_engaged + up) * (1 - matrix[:, 1, 2])
        matrix[:, 2, 1] = _sigmoid(p.disengaged_to_wavering + up)
        for state in range(3):
            matrix[:, state, state] = 1 - matrix[:, state].sum(axis=1)
        return matrix
