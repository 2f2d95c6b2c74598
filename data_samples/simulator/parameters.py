"""The true parameters of every simulated practice: the rates, odds and effects that the estimators should recover.

Each number of the engagement chain is written to `truth/parameters.json`. Rates are per month, effects are log odds ratios, and
states come in the order engaged, wavering, disengaged.
"""

from dataclasses import dataclass
from typing import Any

STATES = ("engaged", "wavering", "disengaged")
OUTCOMES = ("completed", "no_show", "cancelled_by_patient", "cancelled_by_practice")
BURN_IN_MONTHS = 24
"""Burn-in: months simulated before the first written one, so that no patient starts in an arbitrary state."""
LOOK_AHEAD_MONTHS = 7
"""Look-ahead: months simulated after the last written one, so that the outcome of every index day is known."""
CHUNK_PATIENTS = 5_000
"""Patients simulated together; each chunk has its own random stream, and memory holds one chunk at a time."""


@dataclass(frozen=True)
class Parameters:
    """The laws of the simulated world.

    `program_scale` multiplies every effect of the program and of contacting a patient: 0 makes a world in which nothing works.
    """

    program_scale: float = 1.0

    start_shares: tuple[Any, ...] = (0.72, 0.16, 0.12)
    to_wavering: float = -3.25
    to_disengaged: float = -2.7
    wavering_to_engaged: float = -1.9
    disengaged_to_wavering: float = -3.35
    young_adult_drift: float = 0.45
    distance_drift: float = 0.25
    medicaid_drift: float = 0.20
    self_pay_drift: float = 0.50
    condition_drift: float = -0.12
    clinician_left_drift: float = 1.2
    clinician_left_months: int = 3
    visit_recovery: float = 0.5

    acute_factor: tuple[Any, ...] = (1.0, 0.70, 0.35)
    acute_kept: float = 0.93
    booking: tuple[Any, ...] = (0.45, 0.18, 0.05)
    booking_months_ahead: tuple[Any, ...] = (0.5, 0.32, 0.18)
    follow_up: tuple[Any, ...] = (0.70, 0.48, 0.25)
    followed_share: float = 0.35
    follow_up_ordered: float = 0.65
    """Share of patients whose clinicians write follow-up orders, and probability of an order at each of their visits."""
    ordered_days: tuple[Any, ...] = (42, 91, 182, 364)
    ordered_days_chronic: tuple[Any, ...] = (0.25, 0.45, 0.30, 0.0)
    ordered_days_others: tuple[Any, ...] = (0.05, 0.20, 0.45, 0.30)

    no_show: tuple[Any, ...] = (-2.15, -0.95, -0.20)
    no_show_long_lead: float = 0.35
    no_show_young_adult: float = 0.3
    no_show_medicaid: float = 0.3
    no_show_distance: float = 0.12
    cancelled_by_patient: tuple[Any, ...] = (-1.9, -1.4, -0.8)
    cancelled_by_practice: float = -3.1
    rebooked_after_no_show: tuple[Any, ...] = (0.50, 0.30, 0.08)
    rebooked_after_cancellation: tuple[Any, ...] = (0.78, 0.50, 0.18)
    rebooked_by_practice: tuple[Any, ...] = (0.88, 0.75, 0.50)

    portal_logins: tuple[Any, ...] = (0.95, 0.50, 0.15)
    reminder_confirmed: tuple[Any, ...] = (0.58, 0.38, 0.18)
    survey_returned: tuple[Any, ...] = (0.26, 0.16, 0.07)
    survey_unhappy: tuple[Any, ...] = (0.07, 0.25, 0.50)
    reached_by_outreach: tuple[Any, ...] = (0.68, 0.52, 0.30)

    program_no_show: float = -0.50
    program_drift: float = -0.45
    program_recovery: float = 0.25
    program_screening: float = 0.50
    contact_booking: float = 1.7
    contact_recovery: float = 1.4

    outreach_share: float = 0.30
    outreach_pause_months: int = 6
    held_out_share: float = 0.20
    """Share of campaign members held out at random; the assignment lasts for a half-year wave."""
