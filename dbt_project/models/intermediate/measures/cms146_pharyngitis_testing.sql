-- CMS146 Appropriate Testing for Pharyngitis (FHIR), version 1.0.000.
-- The unit is the visit with a sore throat and an antibiotic, not the patient
with

visits as (

    {{ respiratory_visits() }}

),

-- By the day: ordered from the visit's first to three days after
antibiotics as (

    select
        visits.period_key,
        visits.patient_key,
        visits.episode_id,
        min(requests.lo_on_latest) as ordered_on
    from visits
    inner join {{ ref('int_clinical__medication_requests') }} as requests
        on visits.patient_key = requests.patient_key
        and {{ starts_during_days('requests', 'visits.started_on', 'visits.started_on + 3') }}
    where
        requests.value_set = 'antibiotics_for_respiratory_infection'
        and requests.is_active_or_completed
        and requests.is_order
        and not requests.is_not_to_be_given
    group by visits.period_key, visits.patient_key, visits.episode_id

),

-- The infection must begin at the visit
initial_population as (

    select
        visits.*,
        antibiotics.ordered_on
    from visits
    inner join antibiotics using (period_key, patient_key, episode_id)
    where
        visits.age_at_start >= 3
        and exists (
            select 1
            from {{ ref('int_clinical__conditions') }} as conditions
            where
                conditions.patient_key = visits.patient_key
                and conditions.value_set in ('acute_pharyngitis', 'acute_tonsillitis')
                and conditions.is_verified
                and conditions.is_encounter_diagnosis
                and {{ starts_during_days('conditions', 'visits.started_on', 'visits.ended_on') }}
        )

),

denominator as (

    select * from initial_population

),

denominator_exclusions as (

    {{ respiratory_exclusions(['competing_conditions_for_respiratory_conditions']) }}

),

tests as (

    select
        denominator.period_key,
        denominator.patient_key,
        denominator.episode_id,
        observations.lo_on_latest as evidence_on,
        coalesce(observations.value_text, observations.code_name) as evidence_value,
        observations.is_performed and observations.has_value as has_result
    from denominator
    inner join {{ ref('int_clinical__observations') }} as observations
        on denominator.patient_key = observations.patient_key
        and {{ starts_during_days('observations', 'denominator.ended_on - 3', 'denominator.ended_on + 3') }}
    where
        observations.value_set = 'group_a_streptococcus_test'
        and observations.is_laboratory
        and (observations.is_performed or observations.status in ('registered', 'preliminary'))

),

numerator as (

    select * from tests
    where has_result

),

findings as (

    select
        denominator.period_key,
        denominator.patient_key,
        denominator.episode_id,
        coalesce(tests.evidence_on, denominator.ordered_on) as evidence_on,
        cast(null as varchar) as evidence_value,
        case
            when tests.evidence_on is not null then 'Strep test of ' || tests.evidence_on || ' has no result'
            else 'Antibiotic of ' || denominator.ordered_on || ' without a strep test from ' || (denominator.ended_on - 3) || ' to '
                || (denominator.ended_on + 3)
        end as reason,
        true as is_assessable,
        denominator.ordered_on as due_from_on,
        denominator.ended_on + 3 as close_by_on
    from denominator
    left join tests
        on denominator.period_key = tests.period_key
        and denominator.patient_key = tests.patient_key
        and denominator.episode_id = tests.episode_id
    where not coalesce(tests.has_result, false)

)

{{ measure_results(by_encounter=true, has_findings=true, has_window=true) }}
