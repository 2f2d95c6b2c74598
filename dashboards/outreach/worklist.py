"""Lists of patients to contact: as published, with the outcomes recorded since."""

from typing import Any

import polars as pl

from dashboards.outreach.freshness import today
from dashboards.outreach.outcomes import OUTCOMES
from dashboards.store.connections import task_marks
from dashboards.store.journal import journal_folder
from dashboards.store.published import Publication, ask
from dashboards.store.restrictions import restricted

LIST_REASONS = {
    "clinically_urgent": "Clinically urgent",
    "disengagement": "Risk of drifting away",
    "reengagement": "Has drifted away",
    "care_gap": "Care gaps",
}
LEFT_OUT = {
    "deceased": "Has died",
    "age_unknown": "Age is not known",
    "minor": "Under 18",
    "restricted": "Use of the data restricted",
    "do_not_contact": "Asked not to be contacted",
    "hospice": "In hospice care",
    "opted_out": "Opted out",
    "left_practice": "Left the practice",
    "no_consent_on_record": "No consent on record",
    "no_valid_contact_point": "No number or address that works",
    "attempt_cap": "Reached the limit of attempts",
    "recently_contacted": "Contacted lately",
    "held_out": "Held out at random, to measure whether outreach works",
    "not_checked": "Could not be checked",
}
_RECORD = ["patient_source_system", "patient_record_type", "patient_source_id"]
_PROFILE = """
    profiles.patient_source_system, profiles.patient_record_type, profiles.patient_source_id, profiles.patient_name,
    profiles.mrn, profiles.age_years, profiles.assigned_to
"""
_ROW = f"""
    list.patient_key, list.priority_rank, list.is_within_capacity, list.is_clinically_urgent, list.why, list.next_action,
    list.recommended_channel, list.contact_point, list.due_on, list.listed_on, profiles.location_name, profiles.language,
    profiles.needs_interpreter, profiles.n_open_gaps, profiles.last_visit_on, {_PROFILE}
"""
_LIST = f"""
    select list.list_reason, {_ROW}
    from delivery.out_outreach_list as list
    inner join delivery.out_patient_profiles as profiles using (patient_key)
    order by
        list.is_clinically_urgent desc, list.is_within_capacity desc, list.expected_benefit_usd desc, list.priority_rank,
        list.patient_key
"""
_CAMPAIGN = f"""
    select list.campaign_code as list_reason, {_ROW}
    from delivery.out_campaign_patients as list
    inner join delivery.out_patient_profiles as profiles using (patient_key)
    where list.campaign_code = $1 and list.suppress_reason is null
    order by list.is_clinically_urgent desc, list.is_within_capacity desc, list.priority_rank, list.due_on, list.patient_key
"""
_CAMPAIGNS = """
    select
        campaign_code, title, audience, why, rule, next_action, channel, holdout_share, starts_on, ends_on,
        sum(capacity) as capacity, sum(n_patients) as n_patients, sum(n_listed) as n_listed,
        sum(n_within_capacity) as n_within_capacity, sum(n_held_out) as n_held_out, sum(n_contacted) as n_contacted,
        sum(n_reached) as n_reached, sum(n_scheduled) as n_scheduled
    from delivery.out_campaigns
    group by all
    order by starts_on nulls first, title, campaign_code
"""
_LIFT = "select * from ml.outreach_lift where month = 'all' and tier = 'all'"
_EFFECTS = "select * from ml.campaign_effects order by campaign_code, outcome desc"
_LEFT_OUT = f"""
    select left_out.*, profiles.location_name, {_PROFILE}
    from delivery.out_outreach_suppressions as left_out
    inner join delivery.out_patient_profiles as profiles using (patient_key)
    order by left_out.is_clinically_urgent desc, profiles.patient_name
"""
_FOR_CLINICIAN = f"""
    select
        left_out.patient_key, left_out.why, left_out.suppress_reason, left_out.listed_on, profiles.location_name,
        profiles.provider_name, profiles.language, profiles.needs_interpreter, profiles.last_visit_on,
        profiles.next_appointment_at, left_out.care_phone as contact_point, {_PROFILE}
    from delivery.out_outreach_suppressions as left_out
    inner join delivery.out_patient_profiles as profiles using (patient_key)
    where left_out.is_for_clinician
    order by profiles.location_name, profiles.patient_name, left_out.patient_key
"""
_FOUND = f"""
    select profiles.patient_key, profiles.location_name, profiles.last_visit_on, profiles.next_appointment_at, {_PROFILE}
    from delivery.out_patient_profiles as profiles
    where contains(lower(profiles.patient_name), lower($1)) or lower(profiles.mrn) = lower($1)
    order by profiles.patient_name
    limit 100
"""
_TASKS = "select patient_key, external_id from delivery.out_outreach_tasks order by external_id"
IN_CRM = {
    "waiting": "Not sent yet",
    "open": "Open",
    "done": "Done",
    "refused": "Refused",
    "withdrawn": "Withdrawn",
    "gone": "Removed",
    "skipped": "Held back",
}
_PUBLISHED = "select outcome_id from marts.fct_outreach_outcomes"


def recorded_since(publication: Publication) -> pl.DataFrame:
    """The outcomes not yet in the publication, newest first, without withdrawn ones."""
    known = ask(publication, _PUBLISHED)
    fresh = OUTCOMES.standing(journal_folder(publication))
    return fresh.join(known, on="outcome_id", how="anti").sort("recorded_at", descending=True)


def recorded_lately(publication: Publication, patient: dict[str, Any]) -> pl.DataFrame:
    """The outcomes of one patient that are not yet in the publication, or are of today, newest first, without withdrawn ones.

    Whose page is older may not know of them."""
    known = ask(publication, _PUBLISHED)["outcome_id"]
    on = pl.col("recorded_at").dt.convert_time_zone(publication.time_zone).dt.date()
    return (
        OUTCOMES.standing(journal_folder(publication))
        .filter(pl.col(name) == patient[name] for name in _RECORD)
        .filter(~pl.col("outcome_id").is_in(known.implode()) | (on == today(publication.time_zone)))
        .sort("recorded_at", descending=True)
    )


def recorded_of(publication: Publication, patient: dict[str, Any]) -> pl.DataFrame:
    """The outcomes of one patient, a row of `out_patient_profiles`. An id is unique only within its source and record type."""
    return recorded_since(publication).filter(pl.col(name) == patient[name] for name in _RECORD)


def worklist(publication: Publication, campaign_code: str | None = None) -> pl.DataFrame:
    """Today's work, or the list of a campaign, the most urgent first over all sites of the viewer.

    Whoever is restricted since is left out. `outcome` and `outcome_at` are those of the newest outcome since; null where there is
    none.

    `in_crm` is how the patient's task stands in a connected system, in words; null where none was pushed. An outcome that was
    told there counts as one recorded here.
    """
    rows = ask(publication, _CAMPAIGN, (campaign_code,)) if campaign_code else ask(publication, _LIST)
    listed = _with_outcomes(publication, rows)
    marks = task_marks(publication)
    if marks.is_empty():
        return listed.with_columns(in_crm=pl.lit(None, pl.String))
    tasks = ask(publication, _TASKS).join(marks, on="external_id").unique("patient_key", keep="first", maintain_order=True)
    marked = listed.join(tasks.drop("external_id"), on="patient_key", how="left", maintain_order="left")
    return marked.with_columns(outcome=pl.coalesce("outcome", "there_outcome"), in_crm=pl.col("mark").replace(IN_CRM))


def campaigns(publication: Publication) -> pl.DataFrame:
    """The lists beside today's work, with their numbers summed over the sites of the viewer: standing ones first."""
    return ask(publication, _CAMPAIGNS)


def lift(publication: Publication) -> dict[str, Any] | None:
    """What contacting has changed so far, against who was held out at random: the row of `ml.outreach_lift` over all; None where
    no campaign with a hold-out is old enough."""
    rows = ask(publication, _LIFT)
    return rows.row(0, named=True) if len(rows) else None


def campaign_effects(publication: Publication) -> dict[str, list[dict[str, Any]]]:
    """What each campaign of Caregap has changed, against who was held out: code → rows of `ml.campaign_effects`, visits first."""
    parts = ask(publication, _EFFECTS).partition_by("campaign_code", as_dict=True, maintain_order=True)
    return {str(code): rows.to_dicts() for (code,), rows in parts.items()}


def for_clinician(publication: Publication) -> pl.DataFrame:
    """The urgent patients whom outreach may not contact, with `suppress_reason` and the newest outcome since."""
    return _with_outcomes(publication, ask(publication, _FOR_CLINICIAN))


def _with_outcomes(publication: Publication, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows without whoever is restricted since, with the newest outcome since."""
    rows = rows.filter(~pl.col("patient_key").is_in(restricted(publication)))
    newest = recorded_since(publication).unique(_RECORD, keep="first", maintain_order=True)
    outcomes = newest.select(*_RECORD, pl.col("outcome").fill_null("contacted"), outcome_at="recorded_at")
    return rows.join(outcomes, on=_RECORD, how="left", maintain_order="left")


def left_out(publication: Publication) -> pl.DataFrame:
    """The patients left out of the list, with `suppress_reason`."""
    return ask(publication, _LEFT_OUT)


def patient_of(publication: Publication, task: str) -> int | None:
    """The patient of a task given to the CRM, by its opaque id; None if the viewer may see no such task."""
    keys = ask(publication, "select patient_key from delivery.out_outreach_tasks where external_id = $1", (task,))["patient_key"]
    return keys[0] if len(keys) else None


def found(publication: Publication, words: str) -> pl.DataFrame:
    """Up to a hundred patients whose name contains the words or whose record number equals them."""
    return ask(publication, _FOUND, (words,))
