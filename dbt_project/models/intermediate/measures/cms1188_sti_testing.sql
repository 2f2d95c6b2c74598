-- CMS1188 Sexually Transmitted Infection (STI) Testing for People with HIV (FHIR), version 1.0.000
with

initial_population as (

    select *
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    where
        age_at_start >= 13
        and {{ has_hiv_care_visit('patient_periods.period_end_on') }}
        and {{ has_hiv_by('patient_periods.period_end_on') }}

),

denominator as (

    select * from initial_population

),

-- One result may answer for two infections; what it says is not asked
tests as (

    select
        denominator.period_key,
        denominator.patient_key,
        observations.value_set,
        observations.is_performed and observations.has_value as has_result,
        {{ latest_on('observations') }} as tested_on
    from denominator
    inner join {{ ref('int_clinical__observations') }} as observations
        on denominator.patient_key = observations.patient_key
        and {{ latest_during_days('observations', 'denominator.period_start_on', 'denominator.period_end_on') }}
    where
        observations.value_set in ('chlamydia_screening', 'gonorrhea_screening', 'syphilis_tests')
        and observations.is_laboratory
        and (observations.is_performed or observations.status in ('registered', 'preliminary'))

),

tested as (

    select
        period_key,
        patient_key,
        value_set,
        min(tested_on) filter (where has_result) as tested_on,
        max(tested_on) filter (where not has_result) as without_result_on
    from tests
    group by period_key, patient_key, value_set

),

-- Closed on the day of the third infection's first test
numerator as (

    select
        period_key,
        patient_key,
        max(tested_on) as evidence_on,
        'Chlamydia, gonorrhea and syphilis tested' as evidence_value
    from tested
    where tested_on is not null
    group by period_key, patient_key
    having count(*) = 3

),

infections as (

    select *
    from (
        values
        ('chlamydia_screening', 'chlamydia'),
        ('gonorrhea_screening', 'gonorrhea'),
        ('syphilis_tests', 'syphilis')
    ) as infections (value_set, infection)

),

missing as (

    select
        denominator.period_key,
        denominator.patient_key,
        max(tested.tested_on) as last_tested_on,
        max(tested.without_result_on) filter (where tested.tested_on is null) as without_result_on,
        string_agg(infections.infection, ', ' order by infections.infection) filter (where tested.tested_on is null) as infections
    from denominator
    cross join infections
    left join tested
        on denominator.period_key = tested.period_key
        and denominator.patient_key = tested.patient_key
        and infections.value_set = tested.value_set
    group by denominator.period_key, denominator.patient_key

),

findings as (

    select
        period_key,
        patient_key,
        coalesce(without_result_on, last_tested_on) as evidence_on,
        cast(null as varchar) as evidence_value,
        case
            when without_result_on is not null then 'Test of ' || without_result_on || ' has no result; missing are ' || infections
            when infections = 'chlamydia' then 'Not tested for chlamydia; look whether a combined test was coded for gonorrhea alone'
            when infections = 'syphilis' then 'Not tested for syphilis'
            else 'Not tested in the period for ' || infections
        end as reason,
        true as is_assessable
    from missing
    where infections is not null

)

{{ measure_results(has_exclusions=false, has_findings=true) }}
