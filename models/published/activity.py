"""What patients and the practice did: appointments, visits, touches, portal, surveys, outreach."""

import pandera.polars as pa
import polars as pl

from models.contract import INSTANT, USD, Contract, field, optional
from models.deidentification import ABSENT, only
from models.extracts.caregap import OUTCOME_NOTES
from models.extracts.crm import CHANNELS, OUTREACH_OUTCOMES
from models.phi import Phi
from models.published.facts import PATIENT_KEY, SLICES, SOURCE_SYSTEM


def _key(of: str) -> pa.Column:
    return field(pl.Int64, f"The {of}: surrogate of its source and its id there.", phi=Phi.QUASI)


def _instant(description: str) -> pa.Column:
    return field(INSTANT, description, phi=Phi.QUASI)


def _day(description: str) -> pa.Column:
    return field(pl.Date, description, phi=Phi.QUASI)


FINAL_STATUSES = ("completed", "no_show", "cancelled", "booked", "requested", "entered_in_error")

ACTIVITY: dict[str, Contract] = {
    "marts.fct_appointments": Contract(
        "fct_appointments",
        "appointment",
        ("appointment_key",),
        {
            "appointment_key": _key("appointment"),
            "source_system": SOURCE_SYSTEM,
            "appointment_id": field(
                pl.String, "The EHR's id of the appointment; of several patients, followed by the patient's.", phi=Phi.DIRECT
            ),
            "patient_key": PATIENT_KEY,
            **SLICES,
            "booked_at": optional(INSTANT, "When it was booked.", Phi.QUASI),
            "booked_on": optional(pl.Date, "The day on which it was booked.", Phi.QUASI),
            "starts_at": optional(INSTANT, "Booked start.", Phi.QUASI),
            "starts_on": optional(pl.Date, "The day that it was booked for.", Phi.QUASI),
            "duration_minutes": optional(pl.Int64, "Booked minutes."),
            "final_status": field(
                pl.String,
                "Final status. `booked`: still to come, or past without a recorded outcome. `requested`: asked for and not "
                "booked (proposed, pending, on the waiting list).",
                values=FINAL_STATUSES,
            ),
            "cancelled_by": optional(
                pl.String, "Who cancelled; empty: not cancelled, or unknown.", values=("patient", "practice")
            ),
            "cancelled_at": optional(INSTANT, "When it was cancelled.", Phi.QUASI),
            "is_late_cancellation": optional(
                pl.Boolean,
                "The patient cancelled less than `notice_hours` elapsed hours before the start. "
                "Empty: cancelled, but the extract does not say when or by whom.",
            ),
            "is_rescheduled": field(pl.Boolean, "Booked again as another appointment, after it was cancelled or missed."),
            "first_appointment_id": field(pl.String, "The first of the chain of rebookings.", phi=Phi.DIRECT),
            "last_appointment_id": field(pl.String, "The last of the chain of rebookings.", phi=Phi.DIRECT),
            "n_rebookings": field(pl.Int32, "Rebookings before this appointment.", at_least=0),
            "chain_final_status": field(pl.String, "Final status of the chain's last appointment.", values=FINAL_STATUSES),
            "lead_time_days": optional(pl.Int32, "Days from booking to start; negative: entered afterwards."),
            "booked_via": optional(pl.String, "How it was booked: phone, portal, front_desk, online."),
            "is_telehealth": field(pl.Boolean, "By video or telephone."),
            "checked_in_at": optional(INSTANT, "When the patient checked in.", Phi.QUASI),
            "visit_started_at": optional(INSTANT, "When the visit began.", Phi.QUASI),
            "encounter_id": optional(pl.String, "The visit that it led to.", Phi.DIRECT),
            "is_due": field(
                pl.Boolean,
                "Its day is past and it stood when the notice window opened: completed, no-show, or cancelled late by the "
                "patient. The denominator of the no-show and late-cancellation rates.",
            ),
        },
        owner="practice manager",
        site="location_key",
        deidentified=only(
            "appointment_key",
            "patient_key",
            "starts_on",
            "final_status",
            "cancelled_by",
            "is_late_cancellation",
            "is_telehealth",
            "is_due",
        ),
    ),
    "marts.fct_encounters": Contract(
        "fct_encounters",
        "encounter",
        ("encounter_key",),
        {
            "encounter_key": _key("encounter"),
            "source_system": SOURCE_SYSTEM,
            "encounter_id": field(pl.String, "The EHR's id of the encounter.", phi=Phi.DIRECT),
            "patient_key": PATIENT_KEY,
            **SLICES,
            "started_at": optional(INSTANT, "Start.", Phi.QUASI),
            "ended_at": optional(INSTANT, "End.", Phi.QUASI),
            "started_on": optional(pl.Date, "Day of the start.", Phi.QUASI),
            "status": optional(pl.String, "FHIR status."),
            "class_code": optional(pl.String, "HL7 v3 ActCode: AMB, VR, EMER, IMP …"),
            "is_telehealth": field(pl.Boolean, "By video or telephone."),
            "is_completed_visit": field(
                pl.Boolean, "A finished visit to the practice: ambulatory, virtual, at home, or of a class that is not known."
            ),
        },
        owner="practice manager",
        site="location_key",
        deidentified=only("encounter_key", "patient_key", "started_on", "is_telehealth", "is_completed_visit"),
    ),
    "marts.fct_touches": Contract(
        "fct_touches",
        "message or call, outbound or inbound",
        ("touch_key",),
        {
            "touch_key": _key("touch"),
            "source_system": SOURCE_SYSTEM,
            "touch_id": field(pl.String, "The CRM's id of the touch."),
            "patient_key": PATIENT_KEY,
            **SLICES,
            "campaign_id": optional(pl.String, "The campaign that it belongs to."),
            "campaign_type": optional(pl.String, "What the campaign is for."),
            "appointment_id": optional(pl.String, "The appointment that it is about.", Phi.DIRECT),
            "direction": field(pl.String, "From or to the practice.", values=("outbound", "inbound")),
            "channel": field(pl.String, "The channel used.", values=CHANNELS),
            "purpose": field(pl.String, "What it was about."),
            "outcome": field(pl.String, "What became of it."),
            "touched_at": _instant("When it was sent or received."),
            "touched_on": _day("The day on which it was sent or received."),
            "is_automated": field(pl.Boolean, "Sent by the system, without staff."),
            "staff_minutes": field(pl.Float64, "Staff time, in minutes.", at_least=0),
            "cost_usd": field(USD, "Cost of the message itself.", at_least=0),
        },
        owner="engagement lead",
        site="location_key",
        deidentified=only(
            "touch_key",
            "patient_key",
            "channel",
            "touched_on",
            # What the practice sent tells who goes to the sites that had the program by then.
            where="direction = 'inbound'",
            note="From the patient alone.",
        ),
    ),
    "marts.fct_portal_events": Contract(
        "fct_portal_events",
        "event in the patient portal",
        ("portal_event_key",),
        {
            "portal_event_key": _key("event"),
            "source_system": SOURCE_SYSTEM,
            "event_id": field(pl.String, "The CRM's id of the event."),
            "patient_key": PATIENT_KEY,
            **SLICES,
            "appointment_id": optional(pl.String, "The appointment that it is about.", Phi.DIRECT),
            "event_type": field(
                pl.String,
                "What happened.",
                values=("offered", "activated", "login", "message", "booking", "payment", "check_in"),
            ),
            "event_at": _instant("When it happened."),
            "event_on": _day("The day on which it happened."),
        },
        owner="engagement lead",
        site="location_key",
        deidentified=only("portal_event_key", "patient_key", "event_type", "event_on"),
    ),
    "marts.fct_survey_answers": Contract(
        "fct_survey_answers",
        "answer to one question of one survey",
        ("survey_answer_key",),
        {
            "survey_answer_key": _key("answer"),
            "source_system": SOURCE_SYSTEM,
            "answer_id": field(pl.String, "The CRM's id of the answer."),
            "patient_key": PATIENT_KEY,
            **SLICES,
            "encounter_id": optional(pl.String, "The visit that was asked about.", Phi.DIRECT),
            "survey_name": field(pl.String, "Which survey.", values=("cg_cahps", "nps", "satisfaction")),
            "composite": optional(pl.String, "CG-CAHPS composite."),
            "question": field(pl.String, "Short name of the question."),
            "score": field(pl.Int32, "The answer as a number.", at_least=0),
            "score_maximum": field(pl.Int32, "The best answer there is.", at_least=1),
            "answered_at": _instant("When it was answered."),
            "answered_on": _day("The day on which it was answered."),
        },
        owner="engagement lead",
        site="location_key",
        deidentified=ABSENT,
    ),
    "marts.fct_outreach_tasks": Contract(
        "fct_outreach_tasks",
        "task to contact a person",
        ("outreach_task_key",),
        {
            "outreach_task_key": _key("task"),
            "source_system": SOURCE_SYSTEM,
            "task_id": field(pl.String, "The CRM's id of the task."),
            "patient_key": PATIENT_KEY,
            **SLICES,
            "campaign_id": optional(pl.String, "The campaign that it belongs to."),
            "assigned_to": optional(pl.String, "The team member's staff number."),
            "task_reason": field(pl.String, "Why."),
            "channel": field(pl.String, "The channel used.", values=CHANNELS),
            "created_at": _instant("When the task was made."),
            "created_on": _day("The day on which it was made."),
            "due_on": optional(pl.Date, "The day by which it should be done.", Phi.QUASI),
            "completed_at": optional(INSTANT, "When it was done; empty: open.", Phi.QUASI),
            "completed_on": optional(pl.Date, "The day on which it was done; empty: open.", Phi.QUASI),
            "outcome": optional(pl.String, "Outcome; empty: open.", values=OUTREACH_OUTCOMES),
            "staff_minutes": field(pl.Float64, "Staff time, in minutes.", at_least=0),
            "external_id": optional(pl.String, "The id under which Caregap pushed the task; empty: made in the CRM.", Phi.QUASI),
        },
        owner="engagement lead",
        site="location_key",
        deidentified=ABSENT,
    ),
    "marts.fct_outreach_outcomes": Contract(
        "fct_outreach_outcomes",
        "outcome of outreach that a member of the care team recorded in the dashboards",
        ("outcome_id",),
        {
            "outcome_id": field(pl.String, "Random id of the entry."),
            "patient_key": PATIENT_KEY,
            **SLICES,
            "listed_on": optional(pl.Date, "The day of the list that was worked.", Phi.QUASI),
            "recorded_at": _instant("When it was recorded; it may be after the day that the tables look back from."),
            "recorded_on": _day("The day on which it was recorded."),
            "channel": field(pl.String, "The channel used.", values=CHANNELS),
            "outcome": optional(
                pl.String, "What came of it; empty: a connected system told of the attempt alone.", values=OUTREACH_OUTCOMES
            ),
            "note_code": optional(pl.String, "A remark, out of a fixed list.", values=OUTCOME_NOTES),
            "recorded_by": field(pl.String, "Who recorded it, as they signed in.", phi=Phi.DIRECT),
            "is_person_reached": field(pl.Boolean, "Somebody answered, whatever the answer was."),
        },
        notes="Entries that were taken back are not among them.",
        owner="engagement lead",
        site="patient_key",
        deidentified=ABSENT,
    ),
}
