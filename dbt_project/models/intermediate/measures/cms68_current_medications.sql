-- CMS68 Documentation of Current Medications in the Medical Record (FHIR), version 1.0.000. The unit is the visit, at any age
with

initial_population as (

    select distinct
        periods.period_key,
        encounters.patient_key,
        {{ episode_id('encounters') }} as episode_id,
        encounters.hi_on_latest as episode_on,
        encounters.lo_on_earliest as started_on,
        encounters.hi_on_latest as ended_on
    from {{ ref('int_measures__periods') }} as periods
    inner join {{ ref('int_clinical__encounters') }} as encounters
        on {{ during_days('encounters', 'periods.period_start_on', 'periods.period_end_on') }}
    where encounters.value_set = 'encounter_to_document_medications' and encounters.is_performed

),

denominator as (

    select * from initial_population

),

-- Done: on a day of the visit, and its end is known. Not done: written down on a day of the visit
reviews as (

    select
        denominator.period_key,
        denominator.patient_key,
        denominator.episode_id,
        procedures.status,
        procedures.lo_on_earliest as performed_on,
        procedures.recorded_on,
        procedures.is_performed
        and {{ starts_during_days('procedures', 'denominator.started_on', 'denominator.ended_on') }}
        and procedures.hi_on_latest < {{ unbounded_future() }} as is_done,
        procedures.status = 'not-done'
        and procedures.recorded_on between denominator.started_on and denominator.ended_on
        and list_contains(procedures.reason_value_sets, 'acute_health_crisis') as is_excepted,
        procedures.status = 'not-done'
        and coalesce(procedures.recorded_on, denominator.ended_on) between denominator.started_on and denominator.ended_on
            as is_not_done_then
    from denominator
    inner join {{ ref('int_clinical__procedures') }} as procedures
        on denominator.patient_key = procedures.patient_key
    where procedures.value_set = 'documentation_of_current_medications'

),

numerator as (

    select
        period_key,
        patient_key,
        episode_id,
        performed_on as evidence_on,
        'Current medications documented' as evidence_value
    from reviews
    where is_done

),

denominator_exceptions as (

    select
        period_key,
        patient_key,
        episode_id,
        1 as rule,
        recorded_on as evidence_on,
        'Acute health crisis: the medications could not be reviewed' as reason
    from reviews
    where is_excepted

),

findings as (

    select
        denominator.period_key,
        denominator.patient_key,
        denominator.episode_id,
        denominator.ended_on as evidence_on,
        cast(null as varchar) as evidence_value,
        case
            when coalesce(bool_or(reviews.is_not_done_then), false)
                then 'Review of medications left out at the visit of ' || denominator.ended_on || ', for a reason that does not except it'
            when coalesce(bool_or(reviews.status = 'completed' and abs(reviews.performed_on - denominator.ended_on) <= 7), false)
                then 'The review of medications is not dated on the visit of ' || denominator.ended_on
            when denominator.ended_on >= {{ as_of_on() }} then 'Medications not reviewed yet at the visit of ' || denominator.ended_on
            else 'Medications not reviewed at the visit of ' || denominator.ended_on
        end as reason,
        true as is_assessable,
        cast(null as date) as due_from_on,
        denominator.ended_on as close_by_on
    from denominator
    left join reviews
        on denominator.period_key = reviews.period_key
        and denominator.patient_key = reviews.patient_key
        and denominator.episode_id = reviews.episode_id
    group by denominator.period_key, denominator.patient_key, denominator.episode_id, denominator.ended_on

)

{{ measure_results(by_encounter=true, has_exclusions=false, has_exceptions=true, has_findings=true, has_window=true) }}
