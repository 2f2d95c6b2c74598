-- CMS130 Colorectal Cancer Screening (FHIR), version 1.0.000
with

initial_population as (

    select patient_periods.*
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    inner join {{ ref('int_measures__adult_outpatient_visits') }} as visits
        on patient_periods.period_key = visits.period_key
        and patient_periods.patient_key = visits.patient_key
    where patient_periods.age_at_end between 46 and 75

),

denominator as (

    select * from initial_population

),

denominator_exclusions as (

    select
        denominator.period_key,
        denominator.patient_key,
        1 as rule,
        {{ evidence_on('conditions') }} as evidence_on,
        'Colorectal cancer' as reason
    from denominator
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on denominator.patient_key = conditions.patient_key
        and conditions.lo_on_latest <= denominator.period_end_on
    where conditions.value_set = 'malignant_neoplasm_of_colon' and conditions.is_verified

    union all

    select
        denominator.period_key,
        denominator.patient_key,
        2 as rule,
        {{ evidence_on('procedures') }} as evidence_on,
        'Colon removed' as reason
    from denominator
    inner join {{ ref('int_clinical__procedures') }} as procedures
        on denominator.patient_key = procedures.patient_key
        and procedures.hi_on_latest <= denominator.period_end_on
    where procedures.value_set = 'total_colectomy' and procedures.is_performed

    union all

    {{ shared_exclusions(3, ['hospice', 'advanced_illness_66_to_80', 'advanced_illness_81', 'nursing_home_66', 'palliative_care']) }}

),

-- Every test, with its date (for a stool test without an end, the start) and the years for which it is valid
tests as (

    select
        patient_key,
        case value_set when 'fecal_occult_blood_test_fobt' then 1 else 3 end as n_years,
        case value_set when 'fecal_occult_blood_test_fobt' then 'Stool blood test' else 'Stool DNA test' end as test,
        value_text,
        {{ latest_on('observations', 'earliest') }} as tested_on_earliest,
        {{ latest_on('observations') }} as tested_on
    from {{ ref('int_clinical__observations') }} as observations
    where value_set in ('fecal_occult_blood_test_fobt', 'sdna_fit_test') and is_performed and has_value

    union all

    select
        patient_key,
        5 as n_years,
        'CT colonography' as test,
        value_text,
        hi_on_earliest as tested_on_earliest,
        hi_on_latest as tested_on
    from {{ ref('int_clinical__observations') }}
    where value_set = 'ct_colonography' and is_performed and is_imaging

    union all

    select
        patient_key,
        case value_set when 'flexible_sigmoidoscopy' then 5 else 10 end as n_years,
        case value_set when 'flexible_sigmoidoscopy' then 'Sigmoidoscopy' else 'Colonoscopy' end as test,
        cast(null as varchar) as value_text,
        hi_on_earliest as tested_on_earliest,
        hi_on_latest as tested_on
    from {{ ref('int_clinical__procedures') }}
    where value_set in ('flexible_sigmoidoscopy', 'colonoscopy') and is_performed

),

numerator as (

    select
        denominator.period_key,
        denominator.patient_key,
        tests.tested_on as evidence_on,
        concat_ws(': ', tests.test, tests.value_text) as evidence_value
    from denominator
    inner join tests
        on denominator.patient_key = tests.patient_key
        and tests.tested_on_earliest >= cast(denominator.period_start_on - to_years(tests.n_years - 1) as date)
        and tests.tested_on <= denominator.period_end_on

),

findings as (

    select
        denominator.period_key,
        denominator.patient_key,
        tests.tested_on as evidence_on,
        tests.test as evidence_value,
        'Last test too old: ' || tests.test || ' ' || tests.tested_on as reason,
        true as is_assessable
    from denominator
    inner join tests
        on denominator.patient_key = tests.patient_key
        and tests.tested_on < denominator.period_start_on

)

{{ measure_results(has_findings=true) }}
