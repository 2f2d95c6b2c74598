-- CMS149 Dementia: Cognitive Assessment (FHIR), version 1.0.000. At any age
with

-- Only patients who have the diagnosis at some time are looked at
diagnoses as (

    select
        patient_key,
        -- With an abatement, an onset whose start is unknown began before all else
        coalesce(lo_on_latest, case when has_abatement then cast({{ unbounded_past() }} as date) end) as began_on,
        -- An abatement that has no end yet says nothing: the status does
        case
            when has_abatement and hi_on_latest >= {{ unbounded_future() }}
                then case when clinical_status in ('active', 'recurrence', 'relapse') then hi_on_earliest end
            else hi_on_earliest
        end as lasts_to_on,
        has_abatement and hi_on_latest < {{ unbounded_future() }} as has_ended,
        has_abatement and hi_on_latest is null as has_unknown_end,
        coalesce(abated_on, hi_on_earliest) as abated_on
    from {{ ref('int_clinical__conditions') }}
    where value_set = 'dementia_and_mental_degenerations' and is_verified

),

visits as (

    select
        periods.period_key,
        periods.period_end_on,
        encounters.patient_key,
        encounters.source_system,
        encounters.encounter_id,
        bool_or(encounters.value_set != 'patient_provider_interaction') as is_type_a,
        min(encounters.lo_on_latest) as started_on,
        min(encounters.hi_on_earliest) as ended_on
    from {{ ref('int_measures__periods') }} as periods
    inner join {{ ref('int_clinical__encounters') }} as encounters
        on {{ during_days('encounters', 'periods.period_start_on', 'periods.period_end_on') }}
    where
        encounters.patient_key in (select patient_key from diagnoses)
        and encounters.is_performed
        and encounters.value_set in (
            'psych_visit_diagnostic_evaluation',
            'nursing_facility_visit',
            'care_services_in_long_term_residential_facility',
            'home_healthcare_services',
            'psych_visit_psychotherapy',
            'behavioral_or_neuropsych_assessment',
            'occupational_therapy_evaluation',
            'office_visit',
            'outpatient_consultation',
            'patient_provider_interaction'
        )
    group by
        periods.period_key, periods.period_end_on, encounters.patient_key, encounters.source_system, encounters.encounter_id

),

counted as (

    select
        *,
        count(*) over (partition by period_key, patient_key) as n_visits
    from visits

),

-- What has ended within the period does not count, not even at the visits before its end
dementia_visits as (

    select distinct counted.*
    from counted
    inner join diagnoses
        on counted.patient_key = diagnoses.patient_key
        and diagnoses.began_on <= counted.ended_on
        and diagnoses.lasts_to_on >= counted.started_on
    where
        counted.is_type_a
        and counted.n_visits >= 2
        and not diagnoses.has_unknown_end
        and (not diagnoses.has_ended or diagnoses.abated_on > counted.period_end_on)

),

initial_population as (

    select
        period_key,
        patient_key
    from dementia_visits

),

denominator as (

    select
        period_key,
        patient_key,
        max(ended_on) as last_visit_on
    from dementia_visits
    group by period_key, patient_key

),

assessments as (

    select *
    from {{ ref('int_clinical__observations') }}
    where value_set in ('standardized_tools_score_for_assessment_of_cognition', 'cognitive_assessment')

),

-- In the twelve months up to the last day of a visit
numerator as (

    select
        visits.period_key,
        visits.patient_key,
        assessments.lo_on_latest as evidence_on,
        concat_ws(' ', assessments.code_name, assessments.value_text) as evidence_value
    from dementia_visits as visits
    inner join assessments
        on visits.patient_key = assessments.patient_key
        and {{ starts_during_days('assessments', 'cast(visits.ended_on - interval 12 month as date)', 'visits.ended_on') }}
    where assessments.is_performed and assessments.has_value

),

denominator_exceptions as (

    select
        visits.period_key,
        visits.patient_key,
        1 as rule,
        assessments.issued_on as evidence_on,
        'Cognitive assessment not done: a reason of the patient''s' as reason
    from dementia_visits as visits
    inner join assessments
        on visits.patient_key = assessments.patient_key
        and assessments.issued_on between visits.started_on and visits.ended_on
    where assessments.status = 'cancelled' and list_contains(assessments.not_done_reason_value_sets, 'patient_reason')

),

last_assessments as (

    select
        denominator.period_key,
        denominator.patient_key,
        assessments.lo_on_latest as assessed_on,
        concat_ws(' ', assessments.code_name, assessments.value_text) as evidence_value,
        assessments.is_performed and assessments.has_value as is_usable
    from denominator
    inner join {{ ref('int_measures__periods') }} as periods
        on denominator.period_key = periods.period_key
    inner join assessments
        on denominator.patient_key = assessments.patient_key
        and assessments.lo_on_latest <= periods.period_end_on
    where assessments.status != 'cancelled'
    qualify row_number() over (
        partition by denominator.period_key, denominator.patient_key
        order by assessments.lo_at_latest desc, assessments.observation_id desc
    ) = 1

),

findings as (

    select
        denominator.period_key,
        denominator.patient_key,
        last_assessments.assessed_on as evidence_on,
        last_assessments.evidence_value,
        case
            when last_assessments.assessed_on is null then 'No cognitive assessment on record'
            when not last_assessments.is_usable
                then 'Cognitive assessment of ' || last_assessments.assessed_on || ' has no final result'
            when last_assessments.assessed_on > denominator.last_visit_on
                then 'Assessed on ' || last_assessments.assessed_on || ', after the last visit for dementia'
            else 'Last cognitive assessment of ' || last_assessments.assessed_on || ' is too old'
        end as reason,
        true as is_assessable
    from denominator
    left join last_assessments
        on denominator.period_key = last_assessments.period_key
        and denominator.patient_key = last_assessments.patient_key

)

{{ measure_results(has_exclusions=false, has_exceptions=true, has_findings=true) }}
