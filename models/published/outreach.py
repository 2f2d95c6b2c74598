"""The lists that go back to the CRM (schema `delivery`)."""

import polars as pl

from models.campaigns import AUDIENCES, CONDITIONS, STANDING_AUDIENCES
from models.contract import INSTANT, Contract, field, optional
from models.deidentification import ABSENT
from models.extracts.crm import CHANNELS
from models.phi import Phi
from models.published.facts import SLICES, SOURCE_SYSTEM
from models.published.risk import METHODS, TIERS

LIST_REASONS = ("clinically_urgent", "disengagement", "reengagement", "care_gap")
TASK_REASONS = ("disengagement", "reactivation", "care_gap")
"""Those of the CRM's contract of outreach tasks that the list gives rise to."""
SUPPRESS_REASONS = (
    "restricted",
    "deceased",
    "age_unknown",
    "minor",
    "do_not_contact",
    "hospice",
    "opted_out",
    "left_practice",
    "no_consent_on_record",
    "no_valid_contact_point",
    "attempt_cap",
    "recently_contacted",
    "held_out",
    "not_checked",
)
"""Reasons for leaving a patient out, in order of precedence."""


_WHO = {
    "patient_key": field(pl.Int64, "The person.", phi=Phi.QUASI, refers_to="dim_patients.patient_key"),
}
_WHY = {
    "listed_on": field(pl.Date, "The day that the list was made for."),
    "list_reason": field(
        pl.String,
        "Why: a finding out of control and no visit soon; likely to disengage; lapsed already; open care gaps.",
        phi=Phi.QUASI,
        values=LIST_REASONS,
    ),
    "why": field(
        pl.String,
        "That in one sentence: the finding with value and day, the risk with its first reason, the lapse, or the open gaps.",
        phi=Phi.QUASI,
    ),
    "tier": field(pl.String, "Risk tier, within which the held-out share is drawn; none: not scored.", values=(*TIERS, "none")),
    "is_clinically_urgent": field(
        pl.Boolean, "A finding is out of control and no visit is booked soon; never held out, nor beyond capacity.", phi=Phi.QUASI
    ),
    "score": optional(pl.Float64, "The disengagement score, where eligible for one.", at_least=0, at_most=1),
}
_ATTEMPTS = {
    "last_contacted_on": optional(pl.Date, "Day of the last attempt to contact.", Phi.QUASI),
    "n_attempts_30_days": field(pl.Int64, "Attempts in the last 30 days.", at_least=0),
}

_CONTRACTS = (
    Contract(
        "out_outreach_list",
        "patient to contact",
        ("patient_key",),
        {
            **_WHO,
            "contact_source_system": optional(pl.String, "The CRM of that contact: ids of two CRMs may be equal."),
            "contact_id": optional(pl.String, "The CRM's id of the contact that the row goes back to.", Phi.DIRECT),
            "mrn": optional(pl.String, "Medical record number.", Phi.DIRECT),
            "first_name": optional(pl.String, "Given name.", Phi.DIRECT),
            "last_name": optional(pl.String, "Family name.", Phi.DIRECT),
            "language": optional(pl.String, "Preferred language, ISO 639-1.", Phi.QUASI),
            "needs_interpreter": field(pl.Boolean, "No staff speaks the language, or the team noted it.", phi=Phi.QUASI),
            "location_key": SLICES["location_key"],
            "location_name": optional(pl.String, "The site of the team that has the task."),
            "priority_rank": field(pl.Int64, "Place in the site's list; 1 is first.", at_least=1),
            "is_within_capacity": field(
                pl.Boolean, "Within the number that the site's team can contact in a month; urgent patients always are."
            ),
            **_WHY,
            "expected_benefit_usd": field(
                pl.Float64,
                "What the contact is expected to bring: risk x effect x margin, and open gaps; the order of the list, in which "
                "urgent patients come first.",
                at_least=0,
            ),
            "method": optional(pl.String, "How the score was made.", values=METHODS),
            "model_version": optional(pl.String, "The model that made it."),
            "index_on": optional(pl.Date, "The day that the score looks ahead from.", Phi.QUASI),
            "reason_1": field(pl.String, "Why the person is on the list, in words: an association, not a cause.", phi=Phi.QUASI),
            "reason_2": optional(pl.String, "The second reason.", Phi.QUASI),
            "reason_3": optional(pl.String, "The third reason.", Phi.QUASI),
            "n_open_gaps": field(
                pl.Int64,
                "Measures of the reporting year with an open gap that a service can still close.",
                phi=Phi.QUASI,
                at_least=0,
            ),
            "open_gaps": optional(pl.String, "Those measures, by code and title.", Phi.QUASI),
            "last_visit_on": optional(pl.Date, "Day of the last completed visit.", Phi.QUASI),
            "next_appointment_at": optional(INSTANT, "Start of the next booked appointment.", Phi.QUASI),
            "recommended_channel": field(
                pl.String,
                "Requested channel, else the one most often answered; needs consent and contact point.",
                values=CHANNELS,
            ),
            "recommended_hour": field(
                pl.Int64, "Hour of the practice's clock in which the person is likeliest to answer.", at_least=0, at_most=23
            ),
            "not_before_at": field(INSTANT, "From then on the person may be called: 8 o'clock where they live."),
            "not_after_at": field(INSTANT, "Until then: 21 o'clock where they live."),
            "contact_point": field(pl.String, "Number or address on that channel.", phi=Phi.DIRECT),
            "consent_recorded_on": field(pl.Date, "Day on which the consent to that channel was recorded.", phi=Phi.QUASI),
            **_ATTEMPTS,
            "last_contact_channel": optional(pl.String, "Channel of the last attempt.", values=CHANNELS),
            "last_contact_outcome": optional(pl.String, "What came of it."),
            "next_eligible_on": field(pl.Date, "If contacted today, the first day for the next attempt.", phi=Phi.QUASI),
            "assigned_to": optional(
                pl.String,
                "The team member with the person's last task, otherwise the site's team in turns; empty: no team.",
            ),
            "due_on": field(pl.Date, "Day by which the contact should be made."),
            "next_action": field(pl.String, "What to do, in plain words.", phi=Phi.QUASI),
        },
        notes="Nobody without a granted consent, under age, deceased, or asking not to be contacted.",
        owner="engagement lead",
        site="location_key",
        deidentified=ABSENT,
    ),
    Contract(
        "out_outreach_tasks",
        "task to create in the CRM: contact to reach",
        ("external_id",),
        {
            "external_id": field(
                pl.String,
                "Opaque id of the task, the same in every run until an attempt to contact the person is on record.",
            ),
            "contact_source_system": field(pl.String, "The CRM that the task goes to."),
            "contact_id": field(pl.String, "That CRM's id of the contact.", phi=Phi.DIRECT),
            "patient_key": _WHO["patient_key"],
            "location_key": SLICES["location_key"],
            "location_id": optional(pl.String, "The EHR's id of the site whose team has the task."),
            "site_capacity": field(pl.Int64, "Patients that this team can contact in a month.", at_least=0),
            "reason": field(pl.String, "Why, as the CRM's own outreach tasks say it.", values=TASK_REASONS),
            "is_urgent": field(pl.Boolean, "To be reached today.", phi=Phi.QUASI),
            "priority_rank": field(pl.Int64, "Place in the site's list; 1 is first.", at_least=1),
            "channel": field(pl.String, "Channel to use.", values=CHANNELS),
            "created_on": field(pl.Date, "The day that the list was made for."),
            "due_on": field(pl.Date, "Day by which the contact should be made."),
            "contact_from": field(pl.String, "Earliest time of day to contact the person, by the practice's clock: `08:00`."),
            "contact_until": field(pl.String, "Latest time of day, by the practice's clock."),
            "assigned_to": optional(pl.String, "The team member who is to make the contact."),
            "link": optional(pl.String, "Address of the patient's profile in the dashboards; empty without `dashboards_url`."),
        },
        notes="Within capacity only, and nothing clinical: the link leads to the reasons, after signing in.",
        owner="engagement lead",
        site="location_key",
        deidentified=ABSENT,
    ),
    Contract(
        "out_outreach_suppressions",
        "patient who was left out of the list",
        ("patient_key",),
        {
            **_WHO,
            "location_key": SLICES["location_key"],
            **_WHY,
            "suppress_reason": field(pl.String, "Why the person is left out.", phi=Phi.QUASI, values=SUPPRESS_REASONS),
            "is_held_out": field(
                pl.Boolean, "Drawn at random not to be contacted, so that the effect of contacting can be seen."
            ),
            "is_for_clinician": field(
                pl.Boolean, "Urgent, and not for the team to contact: a clinician decides what to do.", phi=Phi.QUASI
            ),
            "care_phone": optional(
                pl.String,
                "Of those for a clinician: the number on which to call for care, which needs no consent to outreach; empty: none "
                "that works is on record.",
                Phi.DIRECT,
            ),
            "next_eligible_on": optional(
                pl.Date,
                "First day on which the person may be contacted: after the wait for another attempt, the 18th birthday, or the "
                "half-year held out; empty where no day ends the reason.",
                Phi.QUASI,
            ),
            **_ATTEMPTS,
        },
        notes="Whoever is urgent and must not be contacted by the team is for a clinician to decide on.",
        owner="engagement lead",
        site="location_key",
        deidentified=ABSENT,
    ),
    Contract(
        "out_campaigns",
        "list beside today's work, standing or defined by the practice, and site",
        ("campaign_code", "location_key"),
        {
            "campaign_code": field(pl.String, "The campaign: a name for a standing list, a random id for one that was defined."),
            "location_key": field(pl.Int64, "The site.", refers_to="dim_locations.location_key"),
            "location_name": optional(pl.String, "The site's name."),
            "title": field(pl.String, "What the team calls it."),
            "audience": field(pl.String, "Whom it is for.", values=tuple(dict.fromkeys((*STANDING_AUDIENCES, *AUDIENCES)))),
            "condition_name": optional(pl.String, "Of a campaign for a condition: which.", values=CONDITIONS),
            "measure_code": optional(pl.String, "Those with an open gap in this measure.", refers_to="dim_measures.measure_code"),
            "no_visit_months": optional(pl.Int64, "Those not seen for so many months.", at_least=1),
            "why": field(pl.String, "Why the practice does it."),
            "rule": field(pl.String, "Who is on it, in words."),
            "next_action": field(pl.String, "What to do."),
            "channel": optional(pl.String, "The channel to use; empty: each patient's own.", values=CHANNELS),
            "capacity": field(pl.Int64, "Patients a month that the site can contact for it.", at_least=0),
            "holdout_share": field(pl.Float64, "Share held out at random, besides the practice's own.", at_least=0, at_most=1),
            "starts_on": optional(pl.Date, "First day; empty: a standing list."),
            "ends_on": optional(pl.Date, "Last day; empty: a standing list."),
            "n_patients": field(pl.Int64, "Patients of the site whom the rule fits.", at_least=0),
            "n_listed": field(pl.Int64, "Of these, may be contacted now.", at_least=0),
            "n_within_capacity": field(pl.Int64, "Of these, within capacity.", at_least=0),
            "n_held_out": field(pl.Int64, "Whom the rule fits, held out at random.", at_least=0),
            "n_contacted": field(
                pl.Int64, "Outcomes recorded on the list since the first day; on a standing list in 90 days.", at_least=0
            ),
            "n_reached": field(pl.Int64, "Of these, somebody answered.", at_least=0),
            "n_scheduled": field(pl.Int64, "Of these, a visit was booked.", at_least=0),
        },
        notes="Defined campaigns only while they run.",
        owner="engagement lead",
        site="location_key",
        deidentified=ABSENT,
    ),
    Contract(
        "out_campaign_patients",
        "campaign and patient whom its rule fits",
        ("campaign_code", "patient_key"),
        {
            "campaign_code": field(pl.String, "The campaign, or the standing list."),
            **_WHO,
            "location_key": SLICES["location_key"],
            "listed_on": field(pl.Date, "The day that the list was made for."),
            "suppress_reason": optional(
                pl.String, "Why the person is left out; empty: to be contacted.", Phi.QUASI, values=SUPPRESS_REASONS
            ),
            "is_held_out": field(pl.Boolean, "Drawn at random not to be contacted."),
            "is_clinically_urgent": field(pl.Boolean, "A finding is out of control and no visit is booked soon.", phi=Phi.QUASI),
            "priority_rank": optional(pl.Int64, "Place in the site's list; 1 is first.", at_least=1),
            "is_within_capacity": field(pl.Boolean, "Within the number that the site can contact for it in a month."),
            "why": field(pl.String, "Why the person is on it, with day and value.", phi=Phi.QUASI),
            "next_action": field(pl.String, "What to do, in plain words.", phi=Phi.QUASI),
            "recommended_channel": optional(pl.String, "Channel to use.", values=CHANNELS),
            "contact_point": optional(pl.String, "Number or address on that channel.", Phi.DIRECT),
            "due_on": field(pl.Date, "Day by which the contact should be made."),
            "next_eligible_on": optional(pl.Date, "First day on which another attempt is due.", Phi.QUASI),
        },
        notes="Bars, waits and hold-out are those of `out_outreach_list`; what a clinician ordered is not put off nor held out.",
        owner="engagement lead",
        site="location_key",
        deidentified=ABSENT,
    ),
    Contract(
        "out_contact_outcomes",
        "person and campaign with a hold-out that the person was picked for",
        ("source_system", "campaign_id", "patient_key"),
        {
            "source_system": SOURCE_SYSTEM,
            **_WHO,
            "campaign_id": field(pl.String, "The CRM's id of the campaign."),
            "location_key": SLICES["location_key"],
            "picked_on": field(pl.Date, "Day on which the person was picked.", phi=Phi.QUASI),
            "is_held_out": field(pl.Boolean, "Drawn at random not to be contacted."),
            "contact_channel": optional(pl.String, "Channel of the first attempt.", values=CHANNELS),
            "contact_outcome": optional(pl.String, "Outcome of the last attempt."),
            "first_visit_on": optional(pl.Date, "First completed visit within 90 days.", Phi.QUASI),
            "has_visited_90_days": optional(pl.Boolean, "A visit was completed within 90 days; empty: too early to say."),
        },
        notes="As `marts.fct_outreach_trials` has it. The lift is `ml.outreach_lift`: by intention to treat, whether or not an "
        "attempt reached the person.",
        owner="engagement lead",
        site="location_key",
        deidentified=ABSENT,
    ),
)

OUTREACH: dict[str, Contract] = {f"delivery.{contract.name}": contract for contract in _CONTRACTS}
