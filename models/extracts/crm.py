"""The CSV files that a CRM delivers. Instants carry an offset; days are `YYYY-MM-DD`."""

import polars as pl

from models.contract import INSTANT, USD, Contract, field, optional
from models.phi import Phi

CHANNELS = ("sms", "email", "phone", "mail", "portal")
RECORD_TYPES = ("ehr_patient", "crm_contact", "billing_account")
OUTREACH_OUTCOMES = (
    "scheduled",
    "reached",
    "left_message",
    "no_answer",
    "wrong_number",
    "declined",
    "opted_out",
    "done_elsewhere",
    "moved",
    "deceased",
)

_UPDATED_AT = field(INSTANT, "When the CRM last changed this row; the latest version of a row wins.")
_CONTACT_ID = field(pl.String, "The CRM's own id of the contact.", phi=Phi.DIRECT, refers_to="contacts.contact_id")


TWO_RECORDS = {
    "left_source_system": field(pl.String, "Source of the one record: `ehr`, `crm`, `billing`."),
    "left_record_type": field(pl.String, "Kind of the one record.", values=RECORD_TYPES),
    "left_id": field(pl.String, "The source's own id of the one record.", phi=Phi.DIRECT),
    "right_source_system": field(pl.String, "Source of the other record."),
    "right_record_type": field(pl.String, "Kind of the other record.", values=RECORD_TYPES),
    "right_id": field(pl.String, "The source's own id of the other record.", phi=Phi.DIRECT),
}
"""The columns that name the two records that an identity decision is about."""

_CONTRACTS = (
    Contract(
        "contacts",
        "contact of the CRM; a person may have several",
        ("contact_id",),
        {
            "contact_id": field(pl.String, "The CRM's own id of the contact.", phi=Phi.DIRECT),
            "mrn": optional(pl.String, "Medical record number, if the CRM has it.", phi=Phi.DIRECT),
            "first_name": optional(pl.String, "Given name as the CRM spells it.", phi=Phi.DIRECT),
            "last_name": optional(pl.String, "Family name as the CRM spells it.", phi=Phi.DIRECT),
            "birth_date": optional(pl.Date, "Date of birth.", phi=Phi.QUASI),
            "sex": optional(pl.String, "Administrative sex.", values=("female", "male", "other", "unknown"), phi=Phi.QUASI),
            "email": optional(pl.String, "E-mail address.", phi=Phi.DIRECT),
            "phone": optional(pl.String, "Mobile or home telephone number, as typed.", phi=Phi.DIRECT),
            "address_line": optional(pl.String, "Street and number.", phi=Phi.DIRECT),
            "city": optional(pl.String, "City.", phi=Phi.QUASI),
            "state": optional(pl.String, "State, two letters.", phi=Phi.QUASI),
            "postal_code": optional(pl.String, "ZIP code, five digits.", phi=Phi.QUASI),
            "language": optional(pl.String, "Preferred language, ISO 639-1.", phi=Phi.QUASI),
            "preferred_channel": optional(pl.String, "The channel that the person asked for.", values=CHANNELS),
            "is_do_not_contact": field(pl.Boolean, "The person asked not to be contacted at all."),
            "is_deceased": field(pl.Boolean, "The CRM has recorded the person's death.", phi=Phi.QUASI),
            "created_at": field(INSTANT, "When the contact was made."),
            "updated_at": _UPDATED_AT,
        },
    ),
    Contract(
        "consents",
        "consent decision: contact, channel and the instant it was recorded",
        ("consent_id",),
        {
            "consent_id": field(pl.String, "The CRM's own id of the decision."),
            "contact_id": _CONTACT_ID,
            "channel": field(pl.String, "The channel that the decision is about.", values=CHANNELS),
            "status": field(pl.String, "What was decided.", values=("granted", "revoked")),
            "recorded_at": field(INSTANT, "When the decision was recorded; the latest one holds."),
            "source": optional(pl.String, "Where the person decided (form, sms_stop, phone, portal)."),
            "updated_at": _UPDATED_AT,
        },
    ),
    Contract(
        "leads",
        "person who showed interest in becoming a patient",
        ("lead_id",),
        {
            "lead_id": field(pl.String, "The CRM's own id of the lead."),
            "contact_id": optional(pl.String, "The contact that the lead became.", phi=Phi.DIRECT),
            "lead_source": field(
                pl.String,
                "Where the lead came from.",
                values=("paid_search", "social", "website", "patient_referral", "physician_referral", "event", "mail"),
            ),
            "campaign_id": optional(pl.String, "The campaign that brought the lead."),
            "location_id": optional(pl.String, "The site that the lead asked for."),
            "status": field(pl.String, "Where the lead stands.", values=("new", "working", "converted", "lost")),
            "created_at": field(INSTANT, "When the lead was made."),
            "converted_at": optional(INSTANT, "When the lead booked a first visit."),
            "updated_at": _UPDATED_AT,
        },
    ),
    Contract(
        "marketing_spend",
        "month, lead source and site of marketing spend",
        ("spend_id",),
        {
            "spend_id": field(pl.String, "The CRM's own id of the entry."),
            "month_on": field(pl.Date, "First day of the month that the money was spent for."),
            "lead_source": field(pl.String, "The lead source that it was spent on."),
            "location_id": optional(pl.String, "The site that it was spent for; empty: the whole practice."),
            "amount_usd": field(USD, "Money spent.", at_least=0),
            "updated_at": _UPDATED_AT,
        },
    ),
    Contract(
        "referrals",
        "referral into or out of the practice",
        ("referral_id",),
        {
            "referral_id": field(pl.String, "The CRM's own id of the referral."),
            "contact_id": _CONTACT_ID,
            "direction": field(pl.String, "Into or out of the practice.", values=("inbound", "outbound")),
            "specialty": field(pl.String, "Specialty that is asked for."),
            "status": field(
                pl.String, "Where it stands.", values=("created", "scheduled", "completed", "lost", "out_of_network")
            ),
            "created_at": field(INSTANT, "When the referral was made."),
            "scheduled_at": optional(INSTANT, "When a visit was booked for it."),
            "completed_at": optional(INSTANT, "When that visit took place."),
            "updated_at": _UPDATED_AT,
        },
    ),
    Contract(
        "campaigns",
        "campaign",
        ("campaign_id",),
        {
            "campaign_id": field(pl.String, "The CRM's own id of the campaign."),
            "campaign_name": field(pl.String, "Its name."),
            "campaign_type": field(
                pl.String,
                "What it is for.",
                values=("reminder", "recall", "care_gap", "reactivation", "acquisition", "satisfaction"),
            ),
            "channel": field(pl.String, "Its main channel.", values=CHANNELS),
            "started_on": field(pl.Date, "First day."),
            "ended_on": optional(pl.Date, "Last day; empty: still running."),
            "cost_usd": field(USD, "Fixed cost, apart from the cost of each touch.", at_least=0),
            "updated_at": _UPDATED_AT,
        },
    ),
    Contract(
        "campaign_members",
        "campaign and contact",
        ("campaign_id", "contact_id"),
        {
            "campaign_id": field(pl.String, "The campaign.", refers_to="campaigns.campaign_id"),
            "contact_id": _CONTACT_ID,
            "status": field(
                pl.String, "Where the member stands.", values=("added", "contacted", "responded", "opted_out", "held_out")
            ),
            "is_held_out": field(pl.Boolean, "Drawn at random not to be contacted, so that the effect can be measured."),
            "added_at": field(INSTANT, "When the contact joined the campaign."),
            "updated_at": _UPDATED_AT,
        },
    ),
    Contract(
        "touches",
        "message or call, outbound or inbound",
        ("touch_id",),
        {
            "touch_id": field(pl.String, "The CRM's own id of the touch."),
            "contact_id": _CONTACT_ID,
            "campaign_id": optional(pl.String, "The campaign that it belongs to."),
            "appointment_id": optional(pl.String, "The EHR's id of the appointment that it is about."),
            "direction": field(pl.String, "From or to the practice.", values=("outbound", "inbound")),
            "channel": field(pl.String, "The channel used.", values=CHANNELS),
            "purpose": field(
                pl.String,
                "What it was about.",
                values=(
                    "reminder",
                    "recall",
                    "care_gap",
                    "reactivation",
                    "acquisition",
                    "satisfaction",
                    "billing",
                    "reply",
                    "question",
                ),
            ),
            "touched_at": field(INSTANT, "When it was sent or received.", phi=Phi.QUASI),
            "outcome": field(
                pl.String,
                "What became of it.",
                values=("delivered", "bounced", "opened", "replied", "confirmed", "booked", "opted_out", "no_answer", "received"),
            ),
            "is_automated": field(pl.Boolean, "Sent by the system, without staff."),
            "staff_minutes": field(pl.Float64, "Staff time, in minutes.", at_least=0),
            "cost_usd": field(USD, "Cost of the message itself.", at_least=0),
            "updated_at": _UPDATED_AT,
        },
    ),
    Contract(
        "portal_events",
        "event in the patient portal",
        ("event_id",),
        {
            "event_id": field(pl.String, "The CRM's own id of the event."),
            "contact_id": _CONTACT_ID,
            "event_type": field(
                pl.String,
                "What happened.",
                values=("offered", "activated", "login", "message", "booking", "payment", "check_in"),
            ),
            "appointment_id": optional(pl.String, "The EHR's id of the appointment that it is about."),
            "event_at": field(INSTANT, "When it happened.", phi=Phi.QUASI),
            "updated_at": _UPDATED_AT,
        },
    ),
    Contract(
        "survey_answers",
        "answer to one question of one survey",
        ("answer_id",),
        {
            "answer_id": field(pl.String, "The CRM's own id of the answer."),
            "contact_id": _CONTACT_ID,
            "encounter_id": optional(pl.String, "The EHR's id of the visit that was asked about.", phi=Phi.DIRECT),
            "survey_name": field(pl.String, "Which survey.", values=("cg_cahps", "nps", "satisfaction")),
            "composite": optional(
                pl.String,
                "CG-CAHPS composite.",
                values=("access", "communication", "coordination", "office_staff", "provider_rating"),
            ),
            "question": field(pl.String, "Short name of the question."),
            "score": field(pl.Int32, "The answer as a number.", at_least=0),
            "score_maximum": field(pl.Int32, "The best answer there is.", at_least=1),
            "answered_at": field(INSTANT, "When it was answered.", phi=Phi.QUASI),
            "updated_at": _UPDATED_AT,
        },
    ),
    Contract(
        "outreach_tasks",
        "task to contact a person, with its outcome",
        ("task_id",),
        {
            "task_id": field(pl.String, "The CRM's own id of the task."),
            "contact_id": _CONTACT_ID,
            "campaign_id": optional(pl.String, "The campaign that it belongs to."),
            "location_id": optional(pl.String, "The site of the team that has the task."),
            "assigned_to": optional(pl.String, "The team member's staff number."),
            "reason": field(
                pl.String, "Why.", values=("disengagement", "care_gap", "reactivation", "no_show", "referral", "survey")
            ),
            "channel": field(pl.String, "The channel used.", values=CHANNELS),
            "created_at": field(INSTANT, "When the task was made."),
            "due_on": optional(pl.Date, "The day by which it should be done."),
            "completed_at": optional(INSTANT, "When it was done; empty: open."),
            "outcome": optional(pl.String, "Outcome; empty: open.", values=OUTREACH_OUTCOMES),
            "staff_minutes": field(pl.Float64, "Staff time, in minutes.", at_least=0),
            "updated_at": _UPDATED_AT,
            "external_id": optional(
                pl.String, "The id that Caregap gave the task when it was pushed; empty: made in the CRM.", phi=Phi.QUASI
            ),
        },
    ),
    Contract(
        "program_rollout",
        "site and engagement program",
        ("program_name", "location_id"),
        {
            "program_name": field(pl.String, "The engagement program."),
            "location_id": field(pl.String, "The EHR's id of the site."),
            "go_live_on": optional(pl.Date, "First day on the program; empty: not yet."),
            "updated_at": _UPDATED_AT,
        },
    ),
    Contract(
        "program_costs",
        "cost line of the engagement program",
        ("cost_id",),
        {
            "cost_id": field(pl.String, "The CRM's own id of the line."),
            "program_name": field(pl.String, "The engagement program."),
            "location_id": optional(pl.String, "The site that bears it; empty: the whole practice."),
            "category": field(
                pl.String,
                "Kind of cost.",
                values=("licence", "implementation", "integration", "training", "support", "optimisation", "staff"),
            ),
            "month_on": field(pl.Date, "First day of the month that it falls in."),
            "amount_usd": field(USD, "The cost.", at_least=0),
            "updated_at": _UPDATED_AT,
        },
    ),
    Contract(
        "open_slots",
        "snapshot day and slot that a clinician had open",
        ("snapshot_on", "practitioner_id", "starts_at"),
        {
            "snapshot_on": field(pl.Date, "The day of the snapshot, taken in the morning."),
            "practitioner_id": field(pl.String, "The EHR's id of the clinician."),
            "location_id": optional(pl.String, "The EHR's id of the site."),
            "starts_at": field(INSTANT, "When the slot starts; it could be booked on the morning of the snapshot."),
            "duration_minutes": field(pl.Int32, "Its length.", at_least=1),
            "updated_at": _UPDATED_AT,
        },
        notes="The earliest slots of each clinician are enough; at least three, so that the third next available is known.",
    ),
    Contract(
        "identity_decisions",
        "decision of a data steward on whether two records are one person",
        ("decision_id",),
        {
            "decision_id": field(pl.String, "The CRM's own id of the decision."),
            **TWO_RECORDS,
            "decision": field(pl.String, "One person, or two.", values=("link", "separate")),
            "decided_at": field(INSTANT, "When it was decided; the latest decision on a pair holds."),
            "updated_at": _UPDATED_AT,
        },
        notes="Forces or undoes a link that identity resolution made.",
    ),
)

EXTRACTS: dict[str, Contract] = {contract.name: contract for contract in _CONTRACTS}
