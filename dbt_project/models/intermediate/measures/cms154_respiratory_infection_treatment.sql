-- CMS154 Appropriate Treatment for Upper Respiratory Infection (URI) (FHIR), version 1.0.000.
-- The unit is the visit, not the patient; no later service undoes an antibiotic that was ordered, so it has no care gap
with

visits as (

    {{ respiratory_visits() }}

),

-- Begun on a day of the visit, or before it and lasting to it
initial_population as (

    select *
    from visits
    where
        cast(birth_on + interval 3 month as date) <= period_start_on
        and exists (
            select 1
            from {{ ref('int_clinical__conditions') }} as conditions
            where
                conditions.patient_key = visits.patient_key
                and conditions.value_set = 'upper_respiratory_infection'
                and conditions.is_verified
                and conditions.is_encounter_diagnosis
                and (
                    ({{ starts_during_days('conditions', 'visits.started_on', 'visits.ended_on') }})
                    or (
                        conditions.lo_at_latest < visits.starts_at_earliest
                        and conditions.hi_at_earliest >= visits.starts_at_latest
                    )
                )
        )

),

denominator as (

    select * from initial_population

),

denominator_exclusions as (

    {{ respiratory_exclusions([
        'competing_conditions_for_respiratory_conditions', 'acute_pharyngitis', 'acute_tonsillitis'
    ]) }}

),

-- To the instant: 72 hours from the beginning of the visit
antibiotics as (

    select
        denominator.period_key,
        denominator.patient_key,
        denominator.episode_id,
        max(requests.lo_on_latest) as ordered_on
    from denominator
    inner join {{ ref('int_clinical__medication_requests') }} as requests
        on denominator.patient_key = requests.patient_key
        and requests.lo_at_earliest >= denominator.starts_at_latest
        and requests.lo_at_latest <= denominator.starts_at_earliest + interval 72 hour
    where
        requests.value_set = 'antibiotics_for_respiratory_infection'
        and requests.is_active_or_completed
        and requests.is_order
        and not requests.is_not_to_be_given
    group by denominator.period_key, denominator.patient_key, denominator.episode_id

),

numerator as (

    select
        period_key,
        patient_key,
        episode_id,
        started_on + 3 as evidence_on,
        'No antibiotic ordered' as evidence_value
    from denominator
    anti join antibiotics using (period_key, patient_key, episode_id)

),

findings as (

    select
        period_key,
        patient_key,
        episode_id,
        ordered_on as evidence_on,
        cast(null as varchar) as evidence_value,
        'Antibiotic ordered on ' || ordered_on as reason,
        true as is_assessable
    from antibiotics

)

{{ measure_results(by_encounter=true, has_findings=true) }}
