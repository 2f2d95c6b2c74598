-- CMS177 Child and Adolescent Major Depressive Disorder: Suicide Risk Assessment (FHIR), version 1.0.000.
-- The unit is the visit, not the patient
with

-- The visit itself names the depression as its reason, by a code or by a diagnosis
initial_population as (

    select distinct
        patient_periods.period_key,
        patient_periods.patient_key,
        {{ episode_id('encounters') }} as episode_id,
        encounters.hi_on_latest as episode_on,
        encounters.lo_on_earliest as started_on,
        encounters.lo_at_latest as starts_at,
        encounters.hi_at_earliest as ends_at
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    inner join {{ ref('int_clinical__encounters') }} as encounters
        on patient_periods.patient_key = encounters.patient_key
        and {{ during_days('encounters', 'patient_periods.period_start_on', 'patient_periods.period_end_on') }}
    inner join {{ ref('int_clinical__encounter_reasons') }} as reasons
        on encounters.source_system = reasons.source_system
        and encounters.encounter_id = reasons.encounter_id
        and reasons.value_set = 'major_depressive_disorder_active'
    where
        patient_periods.age_at_start between 6 and 16
        and encounters.is_performed
        and encounters.value_set in (
            'office_visit',
            'outpatient_consultation',
            'telephone_visits',
            'psych_visit_diagnostic_evaluation',
            'psych_visit_for_family_psychotherapy',
            'psych_visit_psychotherapy',
            'psychoanalysis',
            'group_psychotherapy'
        )

),

denominator as (

    select * from initial_population

),

assessments as (

    select patient_key, is_performed, status, 'Procedure' as evidence_value, lo_on_latest, lo_at_earliest, hi_at_latest
    from {{ ref('int_clinical__procedures') }}
    where value_set = 'suicide_risk_assessment'

    union all

    select patient_key, is_performed, status, 'Observation' as evidence_value, lo_on_latest, lo_at_earliest, hi_at_latest
    from {{ ref('int_clinical__observations') }}
    where value_set = 'suicide_risk_assessment'

),

-- The clock alone links them: within the visit, to the instant
of_the_day as (

    select
        denominator.period_key,
        denominator.patient_key,
        denominator.episode_id,
        assessments.lo_on_latest as evidence_on,
        assessments.evidence_value,
        assessments.is_performed,
        assessments.lo_at_earliest >= denominator.starts_at and assessments.hi_at_latest <= denominator.ends_at as is_in_visit
    from denominator
    inner join assessments
        on denominator.patient_key = assessments.patient_key
        and assessments.lo_on_latest between denominator.started_on and denominator.episode_on

),

numerator as (

    select * from of_the_day
    where is_performed and is_in_visit

),

findings as (

    select
        period_key,
        patient_key,
        episode_id,
        evidence_on,
        cast(null as varchar) as evidence_value,
        case
            when not coalesce(is_performed, false) then 'Assessment of ' || evidence_on || ' is not completed'
            else 'Assessment of ' || evidence_on || ' lies outside the times of the visit'
        end as reason,
        true as is_assessable
    from of_the_day
    where not coalesce(is_performed and is_in_visit, false)

)

{{ measure_results(by_encounter=true, has_exclusions=false, has_findings=true) }}
