{% set first, last = 'denominator.period_start_on', 'denominator.period_end_on' -%}
{% set prior_first = 'cast(denominator.period_start_on - interval 1 year as date)' -%}
{% set prior_last = 'denominator.period_start_on - 1' -%}
-- CMS131 Diabetes: Eye Exam (FHIR), version 1.0.000
with

{{ diabetes_population(value_sets=[
    'office_visit',
    'annual_wellness_visit',
    'preventive_care_services_established_office_visit_18_and_up',
    'preventive_care_services_initial_office_visit_18_and_up',
    'home_healthcare_services',
    'telephone_visits',
    'ophthalmological_services'
]) }},

denominator as (

    select
        *,
        -- Retinopathy in the period halves the validity of a retinal exam
        exists (
            select 1
            from {{ ref('int_clinical__conditions') }} as conditions
            where
                conditions.patient_key = initial_population.patient_key
                and conditions.value_set = 'diabetic_retinopathy'
                and conditions.is_verified
                and {{ overlaps_days('conditions', 'initial_population.period_start_on', 'initial_population.period_end_on') }}
        ) as has_retinopathy
    from initial_population

),

denominator_exclusions as (

    select
        denominator.period_key,
        denominator.patient_key,
        1 as rule,
        {{ evidence_on('conditions') }} as evidence_on,
        'No eyes' as reason
    from denominator
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on denominator.patient_key = conditions.patient_key
        and conditions.lo_on_latest <= denominator.period_end_on
    where conditions.value_set = 'bilateral_anophthalmos' and conditions.is_verified

    union all

    {{ shared_exclusions(2, ['hospice', 'advanced_illness_66_to_80', 'advanced_illness_81', 'nursing_home_66', 'palliative_care']) }}

),

-- All exams of the period and the year before; an exam across New Year is in neither
exams as (

    select
        denominator.period_key,
        denominator.patient_key,
        denominator.has_retinopathy,
        observations.value_set,
        observations.value_value_sets,
        observations.value_text,
        observations.code_name,
        {{ during_days('observations', first, last) }} as is_in_period,
        {{ during_days('observations', prior_first, prior_last) }} as is_in_prior_year,
        {{ evidence_on('observations') }} as evidence_on
    from denominator
    inner join {{ ref('int_clinical__observations') }} as observations
        on denominator.patient_key = observations.patient_key
        and {{ during_days('observations', prior_first, last) }}
    where
        observations.is_performed
        and observations.is_exam
        and observations.value_set in (
            'retinal_or_dilated_eye_exam',
            'autonomous_eye_exam',
            'left_eye_retinopathy_severity',
            'right_eye_retinopathy_severity'
        )

),

-- One eye each: a severity level in the period (none is a level too), or no retinopathy in the year before
eyes as (

    select
        period_key,
        patient_key,
        value_set,
        bool_or(is_in_period and list_contains(value_value_sets, 'diabetic_retinopathy_severity_level')) as has_severity,
        bool_or(is_in_prior_year and list_contains(value_value_sets, 'no_apparent_retinopathy')) as had_none,
        max(evidence_on) as evidence_on,
        max(value_text) as value_text
    from exams
    where value_set in ('left_eye_retinopathy_severity', 'right_eye_retinopathy_severity')
    group by period_key, patient_key, value_set

),

numerator as (

    select
        period_key,
        patient_key,
        evidence_on,
        coalesce(code_name, 'Retinal or dilated eye exam') as evidence_value
    from exams
    where value_set = 'retinal_or_dilated_eye_exam' and (is_in_period or not has_retinopathy)

    union all

    select
        period_key,
        patient_key,
        evidence_on,
        'Autonomous exam: ' || value_text as evidence_value
    from exams
    where
        value_set = 'autonomous_eye_exam'
        and is_in_period
        and list_contains(value_value_sets, 'autonomous_eye_exam_result_or_finding')

    union all

    select
        left_eye.period_key,
        left_eye.patient_key,
        greatest(left_eye.evidence_on, right_eye.evidence_on) as evidence_on,
        'Left: ' || left_eye.value_text || '; right: ' || right_eye.value_text as evidence_value
    from eyes as left_eye
    inner join eyes as right_eye
        on left_eye.period_key = right_eye.period_key
        and left_eye.patient_key = right_eye.patient_key
        and right_eye.value_set = 'right_eye_retinopathy_severity'
    where
        left_eye.value_set = 'left_eye_retinopathy_severity'
        and (left_eye.has_severity or left_eye.had_none)
        and (right_eye.has_severity or right_eye.had_none)

),

findings as (

    select
        period_key,
        patient_key,
        evidence_on,
        coalesce(code_name, value_text) as evidence_value,
        case
            when value_set = 'retinal_or_dilated_eye_exam' then 'With retinopathy the exam of the year before is not enough'
            when value_set = 'autonomous_eye_exam' then 'The autonomous exam has no usable result in the period'
            else 'Findings for one eye only, or too old'
        end as reason,
        true as is_assessable
    from exams

)

{{ measure_results(has_findings=true) }}
