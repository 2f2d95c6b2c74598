"""The rows that a KPI is counted from, as far as they are published: visits, claims, messages, answers, gaps.

Each says of every row what it adds to the numerator and to the denominator: the rows of a month add up to the month in
`marts.fct_kpis`, and a test holds each to that.
"""

from typing import NamedTuple


class Rows(NamedTuple):
    """Where a KPI's rows come from: a table (with the columns of a slice), what brings a row in, the `day` that counts, what a
    row adds to the `numerator` and the `denominator`; `noun` names the rows, `columns` are shown of each.
    """

    noun: str
    table: str
    condition: str
    day: str
    numerator: str
    columns: str
    denominator: str = "1"

    @property
    def is_share(self) -> bool:
        """Each row is one of the denominator, and is in the numerator or is not."""
        return self.denominator == "1" and self.numerator.endswith("false)::int")


_APPOINTMENT = "final_status as status, lead_time_days, booked_via, is_telehealth, is_late_cancellation"
_CLAIM = "payer_name, claim_status as status, initial_denial_reason, billed_usd, payer_paid_usd, balance_usd"
_TOUCH = "direction, channel, purpose, outcome, is_automated"
_ANSWER = "survey_name, composite, question, score, score_maximum"
_TASK = "task_reason as reason, channel, outcome, staff_minutes"
_MONEY = "kind, reason, amount_usd"
_GAP = "measure_code, group_id, gap_status as status, opened_on, closed_on, evidence_on"
_SLICE = "patient_key, location_key, provider_key, payer_class, patient_segment"
_HOME = """
    patients.home_location_key as location_key, patients.primary_provider_key as provider_key, patients.payer_class,
    patients.patient_segment
"""

_CHECKED_IN = """(
    select appointments.*,
        visits.checked_in_online_at < coalesce(appointments.checked_in_at, appointments.starts_at) as is_checked_in_online,
        date_diff('minute', checked_in_at, visit_started_at) as wait_minutes
    from marts.fct_appointments as appointments
    left join (
        select appointment_id, min(event_at) as checked_in_online_at
        from marts.fct_portal_events
        where event_type = 'check_in'
        group by appointment_id
    ) as visits using (appointment_id)
)"""
_REMINDED = """(
    select appointments.*, reminders.reminded_at < appointments.starts_at as is_reminded
    from marts.fct_appointments as appointments
    left join (
        select appointment_id, min(touched_at) as reminded_at
        from marts.fct_touches
        where direction = 'outbound' and purpose = 'reminder' and outcome not in ('bounced', 'no_answer')
        group by appointment_id
    ) as reminders using (appointment_id)
)"""
_PATIENT_MONTHS = f"""(
    select patient_key, max(visit_on) as last_visit_on, max_by(location_key, visit_on) as location_key,
        max_by(provider_key, visit_on) as provider_key, payer_class, patient_segment, bool_or(previous_on is null) as is_new,
        bool_or(coalesce(previous_on + to_months(lookback) < visit_on, false)) as is_back,
        case when bool_and(next_on is not null) then max(next_on) end as next_visit_on, lookback
    from (
        select *, lag(visit_on) over patient as previous_on, lead(visit_on) over patient as next_on,
            (select lookback_months from marts.dim_kpis where kpi_code = 'patient_retention_rate') as lookback
        from (
            select {
    _SLICE.replace(
        "location_key, provider_key",
        "min_by(location_key, (started_at, encounter_key)) as location_key, "
        "min_by(provider_key, (started_at, encounter_key)) as provider_key",
    )
}, started_on as visit_on
            from marts.fct_encounters
            where is_completed_visit and patient_key is not null
            group by all
        )
        window patient as (partition by patient_key order by visit_on)
    )
    group by patient_key, date_trunc('month', visit_on), payer_class, patient_segment, lookback
)"""
_RETENTION = f"""(
    select months.*, cast(months.last_visit_on + to_months(lookback) as date) as window_ends_on,
        coalesce(next_visit_on <= months.last_visit_on + to_months(lookback), false) as is_retained
    from {_PATIENT_MONTHS} as months
    inner join marts.dim_patients as patients using (patient_key)
    where next_visit_on <= months.last_visit_on + to_months(lookback) or not patients.is_deceased
        or patients.deceased_on > months.last_visit_on + to_months(lookback)
)"""
_FLOWS = f"""(
    select {_SLICE}, service_on, posted_on, 'charge' as kind, null as reason, charge_usd as amount_usd from marts.fct_charges
    union all
    select {_SLICE}, service_on, posted_on, movement_type, write_off_reason, amount_usd from marts.fct_payments
)"""
_VISIT_MONEY = f"""(
    select {_SLICE}, started_on as day_on, 'visit' as kind, null as reason, null as amount_usd
    from marts.fct_encounters where is_completed_visit
    union all
    select {_SLICE}, coalesce(service_on, posted_on), movement_type, null, amount_usd
    from marts.fct_payments where movement_type in ('payer_payment', 'patient_payment')
)"""
_GAP_MONTHS = f"""(
    select gaps.*, measures.is_preventive, greatest(closed_on - opened_on, 0) as n_days_open, {_HOME}
    from marts.fct_care_gap_months as gaps
    inner join marts.dim_patients as patients using (patient_key)
    inner join marts.dim_measures as measures using (measure_code)
    where gaps.measure_code <> 'CMS138' or gaps.group_id = 'Group_3'
)"""


def _share(noun: str, table: str, condition: str, day: str, counted: str, columns: str) -> Rows:
    """Rows of which some count."""
    return Rows(noun, table, condition, day, f"coalesce({counted}, false)::int", columns)


def _claims(
    counted: str, *, day: str = "least(initially_denied_on, first_remitted_on)", noun: str = "claims first answered"
) -> Rows:
    return _share(noun, "marts.fct_claims", "claim_status <> 'void'", day, counted, _CLAIM)


def _cahps(composite: str) -> Rows:
    counted = "score >= case when score_maximum = 10 then 9 else score_maximum end"
    chosen = f"survey_name = 'cg_cahps' and composite = '{composite}'"
    return _share("answers", "marts.fct_survey_answers", chosen, "answered_on", counted, _ANSWER)


_APPOINTMENTS, _SENT = "marts.fct_appointments", "direction = 'outbound' and outcome <> 'bounced'"
_DONE, _REACHED = "completed_on is not null", "'scheduled', 'reached', 'declined', 'opted_out', 'done_elsewhere', 'moved'"
_REASONS = ("authorization", "coding", "duplicate", "eligibility", "medical_necessity", "other", "timely_filing")

ROWS = {
    "no_show_rate": _share("appointments due", _APPOINTMENTS, "is_due", "starts_on", "final_status = 'no_show'", _APPOINTMENT),
    "late_cancellation_rate": _share(
        "appointments due", _APPOINTMENTS, "is_due", "starts_on", "is_late_cancellation", _APPOINTMENT
    ),
    "booking_lead_time": Rows(
        "appointments due", _APPOINTMENTS, "is_due and lead_time_days >= 0", "starts_on", "lead_time_days", _APPOINTMENT
    ),
    "online_booking_share": _share(
        "appointments booked",
        _APPOINTMENTS,
        "final_status <> 'entered_in_error' and booked_via is not null",
        "booked_on",
        "booked_via in ('online', 'portal')",
        _APPOINTMENT,
    ),
    "pre_arrival_check_in_rate": _share(
        "kept appointments", _CHECKED_IN, "final_status = 'completed'", "starts_on", "is_checked_in_online", _APPOINTMENT
    ),
    "wait_from_check_in": Rows(
        "kept appointments",
        _CHECKED_IN,
        "final_status = 'completed' and wait_minutes between 0 and 600",
        "starts_on",
        "wait_minutes",
        _APPOINTMENT,
    ),
    "telehealth_share": _share(
        "completed visits",
        "marts.fct_encounters",
        "is_completed_visit",
        "started_on",
        "is_telehealth",
        "class_code, is_telehealth",
    ),
    "patient_retention_rate": _share(
        "patients seen", _RETENTION, "true", "window_ends_on", "is_retained", "last_visit_on as seen_on, next_visit_on"
    ),
    "new_patient_share": _share("patients seen", _PATIENT_MONTHS, "true", "last_visit_on", "is_new", "is_new, is_back"),
    "reactivated_patient_share": _share("patients seen", _PATIENT_MONTHS, "true", "last_visit_on", "is_back", "is_new, is_back"),
    "response_rate": _share(
        "messages and calls", "marts.fct_touches", _SENT, "touched_on", "outcome in ('replied', 'confirmed', 'booked')", _TOUCH
    ),
    "opt_out_rate": _share("messages and calls", "marts.fct_touches", _SENT, "touched_on", "outcome = 'opted_out'", _TOUCH),
    "automated_touch_share": _share(
        "messages and calls", "marts.fct_touches", "direction = 'outbound'", "touched_on", "is_automated", _TOUCH
    ),
    "reminder_reach_rate": _share("appointments due", _REMINDED, "is_due", "starts_on", "is_reminded", _APPOINTMENT),
    **{
        f"cahps_{composite}": _cahps(composite)
        for composite in ("access", "communication", "coordination", "office_staff", "provider_rating")
    },
    "net_promoter_score": Rows(
        "answers",
        "marts.fct_survey_answers",
        "survey_name = 'nps'",
        "answered_on",
        "100 * (coalesce(score >= 9, false)::int - coalesce(score <= 6, false)::int)",
        _ANSWER,
    ),
    "satisfaction_score": Rows(
        "answers",
        "marts.fct_survey_answers",
        "survey_name = 'satisfaction'",
        "answered_on",
        "100.0 * score / score_maximum",
        _ANSWER,
    ),
    "minutes_per_contact": Rows(
        "outreach tasks",
        "marts.fct_outreach_tasks",
        _DONE,
        "completed_on",
        "staff_minutes",
        _TASK,
        f"coalesce(outcome in ({_REACHED}), false)::int",
    ),
    "minutes_per_booking": Rows(
        "outreach tasks",
        "marts.fct_outreach_tasks",
        _DONE,
        "completed_on",
        "staff_minutes",
        _TASK,
        "coalesce(outcome = 'scheduled', false)::int",
    ),
    "care_gap_closure_rate": _share(
        "care gaps", _GAP_MONTHS, "gap_status in ('open', 'closed')", "month_end_on", "gap_status = 'closed'", _GAP
    ),
    "preventive_care_rate": _share(
        "preventive services due",
        _GAP_MONTHS,
        "gap_status in ('open', 'closed') and is_preventive",
        "month_end_on",
        "gap_status = 'closed'",
        _GAP,
    ),
    "days_to_gap_closure": Rows(
        "care gaps that closed", _GAP_MONTHS, "is_newly_closed", "month_end_on", "n_days_open", f"{_GAP}, n_days_open"
    ),
    "clean_claim_rate": _claims("is_clean_claim", day="first_submitted_on", noun="claims first sent"),
    "first_pass_resolution_rate": _claims("is_resolved_at_first_pass", day="first_submitted_on", noun="claims first sent"),
    "initial_denial_rate": _claims("is_initially_denied"),
    "initial_denial_dollar_rate": _claims("true")._replace(
        numerator="coalesce(initially_denied_usd, 0)", denominator="billed_usd"
    ),
    **{f"denial_rate_{reason}": _claims(f"is_initially_denied and initial_denial_reason = '{reason}'") for reason in _REASONS},
    "net_collection_rate": Rows(
        "charges and payments",
        _FLOWS,
        "kind in ('charge', 'payer_payment', 'patient_payment', 'contractual_adjustment')",
        "coalesce(service_on, posted_on)",
        "case when kind in ('payer_payment', 'patient_payment') then amount_usd else 0 end",
        _MONEY,
        "case kind when 'charge' then amount_usd when 'contractual_adjustment' then -amount_usd else 0 end",
    ),
    "denial_write_off_rate": Rows(
        "charges, adjustments and write-offs",
        _FLOWS,
        "kind in ('charge', 'contractual_adjustment') or (kind = 'write_off' and reason in ('denial', 'timely_filing'))",
        "posted_on",
        "case kind when 'write_off' then amount_usd else 0 end",
        _MONEY,
        "case kind when 'charge' then amount_usd when 'contractual_adjustment' then -amount_usd else 0 end",
    ),
    "bad_debt_rate": Rows(
        "charges and write-offs",
        _FLOWS,
        "kind = 'charge' or (kind = 'write_off' and reason = 'bad_debt')",
        "posted_on",
        "case kind when 'write_off' then amount_usd else 0 end",
        _MONEY,
        "case kind when 'charge' then amount_usd else 0 end",
    ),
    "point_of_service_collection_rate": Rows(
        "patient payments",
        "marts.fct_payments",
        "movement_type = 'patient_payment'",
        "posted_on",
        "case when is_at_service then amount_usd else 0 end",
        "payment_method, is_at_service, amount_usd",
        "amount_usd",
    ),
    "charge_lag": Rows(
        "charge lines",
        "marts.fct_charges",
        "units > 0 and posted_on >= service_on",
        "posted_on",
        "posted_on - service_on",
        "service_code, service_on, units, charge_usd",
    ),
    "revenue_per_visit": Rows(
        "visits and payments",
        _VISIT_MONEY,
        "true",
        "day_on",
        "coalesce(amount_usd, 0)",
        _MONEY,
        "(kind = 'visit')::int",
    ),
}
"""KPI code → its rows."""

_AT_MONTH_END = "it counts patients as they stood at each month's end, and of that counts alone are published"
_BALANCES = "a receivable is a balance at a month's end, and of balances sums alone are published"
_SPEND = "spend is known by month and site, not by patient"
_SLOTS = "it counts slots of the schedule, which are not published one by one"
_REFERRALS = "referrals are not published one by one"
_STAYS = "stays in hospital are judged by what followed, which is not published one by one"
_TWO_SUMS = "it sets a sum of one thing against a count of another, and no row belongs to both"

WITHOUT_ROWS = {
    "third_next_available": _SLOTS,
    "schedule_fill_rate": _SLOTS,
    "slot_refill_rate": _SLOTS,
    "eligibility_verified_rate": "what payers answered on eligibility is not published one by one",
    "patient_attrition_rate": _AT_MONTH_END,
    "portal_adoption_rate": _AT_MONTH_END,
    "consent_coverage_rate": _AT_MONTH_END,
    "engagement_score": _AT_MONTH_END,
    "new_patient_acquisition_cost": _SPEND,
    "patient_keeping_cost": _SPEND,
    "acquisition_to_keeping_spend": _SPEND,
    "patient_lifetime_value": _TWO_SUMS,
    "revenue_per_patient": _TWO_SUMS,
    "outreach_staff_hours": _TWO_SUMS,
    "minutes_per_closed_gap": _TWO_SUMS,
    "referral_conversion_rate": _REFERRALS,
    "referral_leakage_rate": _REFERRALS,
    "follow_up_7_days": _STAYS,
    "follow_up_14_days": _STAYS,
    "readmission_30_days": _STAYS,
    "medication_adherence": "dispensed medicines are not published one by one",
    "days_in_ar": _BALANCES,
    "net_days_in_ar": _BALANCES,
    "ar_over_90_days_share": _BALANCES,
}
"""KPI code → why there are no rows to show."""
