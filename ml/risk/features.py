"""The inputs of the disengagement model: meaning, PHI class and wording as a reason.

Each is a column of `intermediate.int_disengagement__features`, computed from events that were on record before the index. Race,
ethnicity and language serve to audit the model and are not inputs.

Counts from the CRM and of appointments look back six months. A practice's extracts start on some day, and a window that reaches
beyond that day counts less at an early index than at a late one: windows of 12 and 24 months leaked the month to the model, and
it predicted a tenth too many disengaged patients. For the same reason, messages sent by a program are not counted.

Distance is not an input: the extracts have no coordinates, and only the patient's current address.
"""

from dataclasses import dataclass

from models.phi import Phi

PROGRAM = "program"
"""The topic of inputs from the practice's own plan for its engagement program."""


@dataclass(frozen=True)
class Feature:
    """One input; a flag (0 or 1, or a share) acts linearly, any other through a spline.

    Inputs of one `topic` express the same thing in several ways; a patient gets at most one reason per topic. `reason` is shown
    if the input raises the risk, `reason_if_not` if a flag raises it by being 0; an empty text is never shown. In the text,
    `{value}` is the rounded input, `{value%}` the same in per cent, and `{name}` another input. Below `reason_from` no reason is
    shown: having missed nothing, or owing nothing, may go with a higher risk, but nobody would understand it as a reason.
    """

    name: str
    topic: str
    description: str
    reason: str = ""
    reason_if_not: str = ""
    reason_from: float | None = None
    is_flag: bool = False
    phi: Phi = Phi.NONE


FEATURES: tuple[Feature, ...] = (
    Feature(
        "overdue_ratio",
        "recency",
        "Days since the last completed visit over the expected interval between visits.",
        reason="last visit {days_since_visit} days ago, a visit expected every {expected_interval_days} days",
    ),
    Feature(
        "days_since_visit",
        "recency",
        "Days since the last completed visit.",
        reason="last visit {value} days ago",
        phi=Phi.QUASI,
    ),
    Feature(
        "expected_interval_days",
        "recency",
        "Days expected between visits: the follow-up order's, else 3, 6 or 12 months by chronic conditions.",
    ),
    Feature(
        "months_known",
        "recency",
        "Months since the first completed visit, 24 at most.",
    ),
    Feature(
        "n_visits_6_months",
        "visits",
        "Completed visits in 6 months.",
        reason="completed visits in 6 months: {value}",
    ),
    Feature(
        "n_visits_12_months",
        "visits",
        "Completed visits in 12 months.",
        reason="completed visits in 12 months: {value}",
    ),
    Feature(
        "n_visits_24_months",
        "visits",
        "Completed visits in 24 months.",
        reason="completed visits in 24 months: {value}",
    ),
    Feature(
        "n_no_shows_6_months",
        "attendance",
        "Missed appointments in 6 months.",
        reason="missed appointments in 6 months: {value}",
        reason_from=1,
    ),
    Feature(
        "n_patient_cancellations_6_months",
        "attendance",
        "Appointments cancelled by the patient in 6 months.",
        reason="appointments cancelled by the patient in 6 months: {value}",
        reason_from=1,
    ),
    Feature(
        "n_practice_cancellations_6_months",
        "attendance",
        "Appointments cancelled by the practice in 6 months.",
        reason="appointments cancelled by the practice in 6 months: {value}",
        reason_from=1,
    ),
    Feature(
        "lead_time_days",
        "attendance",
        "Mean days from booking to start, of appointments that started in 6 months.",
    ),
    Feature(
        "days_to_next_appointment",
        "booking",
        "Days to the next booked appointment; missing if there is none.",
        reason="the next appointment is {value} days away",
        phi=Phi.QUASI,
    ),
    Feature(
        "n_bookings_6_months",
        "booking",
        "Appointments booked in 6 months.",
        reason="appointments booked in 6 months: {value}",
    ),
    Feature(
        "days_since_booking",
        "booking",
        "Days since an appointment was last booked.",
        reason="an appointment was last booked {value} days ago",
        phi=Phi.QUASI,
    ),
    Feature(
        "n_portal_logins_3_months",
        "portal",
        "Portal logins in 3 months.",
        reason="portal logins in 3 months: {value}",
    ),
    Feature(
        "n_portal_logins_6_months",
        "portal",
        "Portal logins in 6 months.",
        reason="portal logins in 6 months: {value}",
    ),
    Feature(
        "days_since_portal_login",
        "portal",
        "Days since the last portal login; missing if there was none.",
        reason="last portal login {value} days ago",
        phi=Phi.QUASI,
    ),
    Feature(
        "portal_login_trend",
        "portal",
        "Portal logins in 3 months minus those in the 3 months before.",
        reason="change in portal logins against the quarter before: {value}",
    ),
    Feature(
        "n_sms_replies_6_months",
        "replies",
        "Answers by text message in 6 months.",
        reason="answers by text message in 6 months: {value}",
    ),
    Feature(
        "n_email_replies_6_months",
        "replies",
        "Answers by e-mail in 6 months.",
        reason="answers by e-mail in 6 months: {value}",
    ),
    Feature(
        "n_phone_replies_6_months",
        "replies",
        "Answers by telephone in 6 months.",
        reason="answers by telephone in 6 months: {value}",
    ),
    Feature(
        "n_portal_replies_6_months",
        "replies",
        "Answers in the portal in 6 months.",
        reason="answers in the portal in 6 months: {value}",
    ),
    Feature(
        "days_since_reply",
        "replies",
        "Days since the last answer or message from the patient; missing if there was none.",
        reason="last message from the patient {value} days ago",
        phi=Phi.QUASI,
    ),
    Feature(
        "reply_rate_6_months",
        "replies",
        "Share of messages in 6 months that were answered; missing if none was sent.",
        reason="answered {value%} of the messages in 6 months",
    ),
    Feature(
        "satisfaction_rate",
        "satisfaction",
        "Latest survey answer in 6 months as a share of the best answer.",
        reason="latest survey answer: {value%} of the best",
    ),
    Feature(
        "n_reached_contacts_6_months",
        "care_team",
        "Outreach that reached the patient in 6 months.",
        reason="reached by the care team in 6 months: {value} times",
    ),
    Feature(
        "n_unreached_contacts_6_months",
        "care_team",
        "Outreach that did not reach the patient in 6 months.",
        reason="outreach in 6 months that did not reach the patient: {value}",
        reason_from=1,
    ),
    Feature(
        "balance_due_usd",
        "money",
        "Patient responsibility minus payments and write-offs, in US dollars.",
        reason="balance due: ${value}",
        reason_from=1,
    ),
    Feature(
        "n_open_gaps",
        "health",
        "Measures with an open care gap in the newest month published by then; missing before the first publication.",
        reason="open care gaps: {value}",
        reason_from=1,
        phi=Phi.QUASI,
    ),
    Feature(
        "n_chronic_conditions",
        "health",
        "Chronic conditions on record.",
    ),
    Feature(
        "age_years",
        "person",
        "Age in years.",
        phi=Phi.QUASI,
    ),
    Feature(
        "is_last_appointment_missed",
        "attendance",
        "The latest appointment was missed, or cancelled by the patient.",
        reason="the last appointment was not kept",
        is_flag=True,
    ),
    Feature(
        "has_next_appointment",
        "booking",
        "An appointment is booked.",
        reason_if_not="no appointment is booked",
        is_flag=True,
    ),
    Feature(
        "has_portal_account",
        "portal",
        "The portal has been activated, or logged in to.",
        reason_if_not="no portal account",
        is_flag=True,
    ),
    Feature(
        "is_payer_changed_12_months",
        "money",
        "The payer changed in 12 months.",
        reason="the payer changed in the last 12 months",
        is_flag=True,
    ),
    Feature(
        "is_medicaid",
        "money",
        "Covered by Medicaid.",
        is_flag=True,
    ),
    Feature(
        "is_self_pay",
        "money",
        "Known to pay without coverage.",
        is_flag=True,
    ),
    Feature(
        "program_share_of_horizon",
        PROGRAM,
        "Share of the next 180 days in which the site of the last visit is on the engagement program, by the plan on record.",
        is_flag=True,
    ),
    Feature(
        "is_clinician_departed_6_months",
        "clinician",
        "The usual clinician left the practice in the last 6 months.",
        reason="the usual clinician has left the practice",
        is_flag=True,
    ),
    Feature(
        "is_female",
        "person",
        "Sex is female.",
        is_flag=True,
        phi=Phi.QUASI,
    ),
)
"""In the order of the model's columns: spline inputs first, then flags."""

BY_NAME = {feature.name: feature for feature in FEATURES}
