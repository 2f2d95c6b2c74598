-- CMS124 Cervical Cancer Screening (FHIR), version 1.0.000
with

initial_population as (

    select *
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    where
        age_at_end between 24 and 64
        and sex_code = '248152002'
        and {{ has_visit(value_sets=[
            'office_visit',
            'preventive_care_services_established_office_visit_18_and_up',
            'preventive_care_services_initial_office_visit_18_and_up',
            'home_healthcare_services',
            'telephone_visits',
            'virtual_encounter'
        ]) }}

),

denominator as (

    select * from initial_population

),

denominator_exclusions as (

    select
        denominator.period_key,
        denominator.patient_key,
        1 as rule,
        {{ evidence_on('procedures') }} as evidence_on,
        'Hysterectomy without residual cervix' as reason
    from denominator
    inner join {{ ref('int_clinical__procedures') }} as procedures
        on denominator.patient_key = procedures.patient_key
        and procedures.hi_at_latest < denominator.period_ends_before
    where procedures.value_set = 'hysterectomy_with_no_residual_cervix' and procedures.is_performed

    union all

    select
        denominator.period_key,
        denominator.patient_key,
        2 as rule,
        {{ evidence_on('conditions') }} as evidence_on,
        'No cervix' as reason
    from denominator
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on denominator.patient_key = conditions.patient_key
        and conditions.lo_at_latest < denominator.period_ends_before
    where conditions.value_set = 'congenital_or_acquired_absence_of_cervix' and conditions.is_verified

    union all

    {{ shared_exclusions(3, ['hospice', 'palliative_care']) }}

),

tests as (

    select
        denominator.period_key,
        denominator.patient_key,
        observations.value_set,
        observations.value_text,
        {{ latest_on('observations', 'earliest') }} as tested_on_earliest,
        {{ latest_on('observations') }} as tested_on,
        denominator.birth_on,
        denominator.period_start_on
    from denominator
    inner join {{ ref('int_clinical__observations') }} as observations
        on denominator.patient_key = observations.patient_key
        and {{ latest_on('observations') }} <= denominator.period_end_on
    where
        observations.value_set in ('pap_test', 'hpv_test')
        and observations.is_performed
        and observations.has_value

),

-- Pap: three calendar years. HPV: five, if she was 30 on the day of the test
numerator as (

    select
        period_key,
        patient_key,
        tested_on as evidence_on,
        concat_ws(': ', case value_set when 'pap_test' then 'Pap test' else 'HPV test' end, value_text) as evidence_value
    from tests
    where
        (value_set = 'pap_test' and tested_on_earliest >= cast(period_start_on - interval 2 year as date))
        or (
            value_set = 'hpv_test'
            and tested_on_earliest >= cast(period_start_on - interval 4 year as date)
            and {{ age_on('birth_on', 'tested_on_earliest') }} >= 30
        )

),

findings as (

    select
        period_key,
        patient_key,
        tested_on as evidence_on,
        case value_set when 'pap_test' then 'Pap test' else 'HPV test' end as evidence_value,
        case
            when value_set = 'hpv_test' and tested_on_earliest >= cast(period_start_on - interval 4 year as date)
                then 'HPV test ' || tested_on || ' was before the age of 30'
            else 'Last ' || case value_set when 'pap_test' then 'Pap' else 'HPV' end || ' test ' || tested_on || ' is too old'
        end as reason,
        true as is_assessable
    from tests

)

{{ measure_results(has_findings=true) }}
