"""The columns shown of the records behind a KPI. `marts.fct_kpi_rows` defines which records count."""

from typing import NamedTuple


class Record(NamedTuple):
    """A kind of record: what many are called, the published table that has its key (`claim_key` of a claim), and the columns that
    are shown: of that table, or of `fct_kpi_rows` itself where no more of the record is published.
    """

    noun: str
    table: str = ""
    columns: tuple[str, ...] = ()


RECORDS = {
    "appointment": Record(
        "appointments",
        "marts.fct_appointments",
        ("final_status as status", "lead_time_days", "booked_via", "is_telehealth", "is_late_cancellation"),
    ),
    "encounter": Record("visits and stays", "marts.fct_encounters", ("class_code", "started_on", "is_telehealth")),
    "touch": Record(
        "messages and calls", "marts.fct_touches", ("direction", "channel", "purpose", "outcome", "is_automated", "staff_minutes")
    ),
    "outreach_task": Record(
        "outreach tasks", "marts.fct_outreach_tasks", ("task_reason as reason", "channel", "outcome", "staff_minutes")
    ),
    "survey_answer": Record(
        "answers", "marts.fct_survey_answers", ("survey_name", "composite", "question", "score", "score_maximum")
    ),
    "care_gap_month": Record(
        "care gaps",
        "marts.fct_care_gap_months",
        ("measure_code", "group_id", "gap_status as status", "opened_on", "closed_on", "evidence_on"),
    ),
    "claim": Record(
        "claims",
        "marts.fct_claims",
        ("payer_name", "claim_status as status", "initial_denial_reason", "billed_usd", "payer_paid_usd", "balance_usd"),
    ),
    "charge": Record("charges", "marts.fct_charges", ("service_code", "service_on", "charge_usd as amount_usd")),
    "payment": Record(
        "payments, adjustments and write-offs",
        "marts.fct_payments",
        ("movement_type as kind", "write_off_reason as reason", "service_on", "payment_method", "is_at_service", "amount_usd"),
    ),
    "patient": Record("patients"),
    "therapy": Record("therapies of one medicine"),
    "referral": Record("referrals"),
    "snapshot": Record("snapshots of open slots"),
    "spend": Record("entries of spending"),
    "balance": Record("balances at a month's end", columns=("payer_class", "patient_segment")),
}
"""Record type → what is shown of it."""
