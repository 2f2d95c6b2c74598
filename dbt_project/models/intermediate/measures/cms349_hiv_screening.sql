-- CMS349 HIV Screening (FHIR), version 1.1.000
with

initial_population as (

    select *
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    where
        age_at_start between 15 and 65
        and {{ has_visit(value_sets=[
            'office_visit',
            'preventive_care_services_initial_office_visit_0_to_17',
            'preventive_care_services_initial_office_visit_18_and_up',
            'preventive_care_established_office_visit_0_to_17',
            'preventive_care_services_established_office_visit_18_and_up'
        ]) }}

),

denominator as (

    select * from initial_population

),

-- Known before the period, whatever its clinical status
denominator_exclusions as (

    select
        denominator.period_key,
        denominator.patient_key,
        1 as rule,
        {{ evidence_on('conditions') }} as evidence_on,
        'HIV known before the period' as reason
    from denominator
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on denominator.patient_key = conditions.patient_key
        and conditions.lo_on_latest < denominator.period_start_on
    where conditions.value_set = 'hiv' and conditions.is_verified

),

denominator_exceptions as (

    select
        period_key,
        patient_key,
        1 as rule,
        deceased_on as evidence_on,
        'Died by the end of the period' as reason
    from denominator
    where deceased_on <= period_end_on

),

tests as (

    select
        denominator.period_key,
        denominator.patient_key,
        observations.lo_on_earliest as evidence_on,
        coalesce(observations.value_text, observations.code_name, 'HIV test') as evidence_value,
        observations.has_value,
        observations.lo_on_latest < denominator.period_end_on as is_in_time,
        {{ age_on('denominator.birth_on', 'observations.lo_on_earliest') }} >= 15
        and {{ age_on('denominator.birth_on', 'observations.lo_on_latest') }} <= 65 as is_of_age
    from denominator
    inner join {{ ref('int_clinical__observations') }} as observations
        on denominator.patient_key = observations.patient_key
    where
        observations.value_set in ('hiv_lab_tests', 'hiv_test')
        and observations.is_performed
        and observations.is_laboratory

),

-- Any test since the 15th birthday, but strictly before the last day of the period
numerator as (

    select * from tests
    where has_value and is_in_time and is_of_age

),

findings as (

    select
        period_key,
        patient_key,
        evidence_on,
        cast(null as varchar) as evidence_value,
        case when has_value then 'HIV test outside the ages of 15 to 65' else 'HIV test without a result' end as reason,
        true as is_assessable
    from tests
    where is_in_time and not (has_value and is_of_age)

)

{{ measure_results(has_exceptions=true, has_findings=true) }}
