{%- set first, last = 'patient_periods.period_start_on', 'patient_periods.period_end_on' -%}
{%- set before_first = "cast(denominator.period_start_on - interval 2 year as date)" -%}
{%- set before_last = 'denominator.period_start_on - 1' -%}
-- CMS1154 Screening for Abnormal Glucose Metabolism in Patients at Risk of Developing Diabetes (FHIR), version 1.0.000
with

patient_periods as (

    select
        patient_periods.*,
        coalesce(patients.is_asian, false) as is_asian
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    inner join {{ ref('int_measures__patients') }} as patients
        on patient_periods.patient_key = patients.patient_key
    where patient_periods.age_at_start between 35 and 70

),

-- The last BMI there is, whenever it was taken: chosen first, then judged
last_bmis as (

    select
        patient_key,
        case when value_unit = 'kg/m2' then value_quantity end as bmi
    from {{ ref('int_clinical__observations') }}
    where value_set = 'body_mass_index' and is_performed
    qualify row_number() over (partition by patient_key order by lo_at_latest desc nulls last, observation_id desc) = 1

),

outpatient_visits as (

    select
        patient_periods.period_key,
        patient_periods.patient_key,
        count(distinct (encounters.source_system, encounters.encounter_id)) as n_visits
    from patient_periods
    inner join {{ ref('int_clinical__encounters') }} as encounters
        on patient_periods.patient_key = encounters.patient_key
        and {{ during_days('encounters', first, last) }}
    where encounters.value_set = 'outpatient_clinical_encounters' and encounters.is_performed
    group by patient_periods.period_key, patient_periods.patient_key

),

initial_population as (

    select patient_periods.*
    from patient_periods
    inner join last_bmis
        on patient_periods.patient_key = last_bmis.patient_key
        and last_bmis.bmi >= case when patient_periods.is_asian then 23 else 25 end
    left join outpatient_visits
        on patient_periods.period_key = outpatient_visits.period_key
        and patient_periods.patient_key = outpatient_visits.patient_key
    where
        outpatient_visits.n_visits >= 2
        or exists (
            select 1
            from {{ ref('int_clinical__encounters') }} as encounters
            where
                encounters.patient_key = patient_periods.patient_key
                and encounters.value_set = 'preventative_clinical_encounters'
                and encounters.is_performed
                and {{ ends_during_days('encounters', first, last) }}
        )

),

denominator as (

    select * from initial_population

),

glycemic_tests as (

    select
        denominator.period_key,
        denominator.patient_key,
        observations.hi_on_latest as tested_on,
        coalesce(observations.value_text, observations.code_name) as evidence_value,
        observations.is_performed,
        {{ during_days('observations', 'denominator.period_start_on', 'denominator.period_end_on') }} as is_in_period,
        {{ during_days('observations', before_first, before_last) }} as is_in_two_years_before
    from denominator
    inner join {{ ref('int_clinical__observations') }} as observations
        on denominator.patient_key = observations.patient_key
    where
        observations.value_set = 'glycemic_screening_tests'
        and observations.is_laboratory
        and (observations.is_performed or observations.status in ('registered', 'preliminary'))

),

denominator_exclusions as (

    -- Whatever its status says
    select
        denominator.period_key,
        denominator.patient_key,
        1 as rule,
        {{ evidence_on('observations') }} as evidence_on,
        'Pregnancy in the period' as reason
    from denominator
    inner join {{ ref('int_clinical__observations') }} as observations
        on denominator.patient_key = observations.patient_key
        and {{ overlaps_days('observations', 'denominator.period_start_on', 'denominator.period_end_on') }}
    where
        observations.value_set = 'pregnancy_status'
        and list_contains(observations.value_value_sets, 'pregnancy')
        and observations.status != 'entered-in-error'

    union all

    select
        denominator.period_key,
        denominator.patient_key,
        case
            when conditions.value_set = 'pregnancy' then 1
            when conditions.value_set in ('advanced_illness', 'limited_life_expectancy') then 2
            else 3
        end as rule,
        {{ evidence_on('conditions') }} as evidence_on,
        case
            when conditions.value_set = 'pregnancy' then 'Pregnancy in the period'
            when conditions.value_set in ('advanced_illness', 'limited_life_expectancy') then 'Advanced illness or limited life expectancy'
            when conditions.value_set = 'diabetes' then 'Diabetes known before the period'
            else 'Prediabetes known before the period'
        end as reason
    from denominator
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on denominator.patient_key = conditions.patient_key
    where
        conditions.is_verified
        and case
            when conditions.value_set = 'pregnancy'
                then {{ overlaps_days('conditions', 'denominator.period_start_on', 'denominator.period_end_on') }}
            -- The onset is compared as a date: one told as an age or a period does not count
            when conditions.value_set in ('advanced_illness', 'limited_life_expectancy')
                then conditions.is_onset_dated and conditions.lo_on_latest < denominator.period_end_on
            when conditions.value_set in ('diabetes', 'prediabetes') then {{ overlaps_days('conditions', before_first, before_last) }}
        end

    union all

    select
        period_key,
        patient_key,
        4 as rule,
        tested_on as evidence_on,
        'Screened in the two years before the period' as reason
    from glycemic_tests
    where is_performed and is_in_two_years_before

),

-- The result, normal or not, is not asked
numerator as (

    select
        period_key,
        patient_key,
        tested_on as evidence_on,
        evidence_value
    from glycemic_tests
    where is_performed and is_in_period

),

findings as (

    select
        period_key,
        patient_key,
        tested_on as evidence_on,
        cast(null as varchar) as evidence_value,
        case when is_performed then 'Last glucose or HbA1c test ' || tested_on else 'Glycemic test of ' || tested_on || ' is not final' end as reason,
        true as is_assessable
    from glycemic_tests
    where not coalesce(is_in_period and is_performed, false) and tested_on <= (select max(period_end_on) from denominator)

    union all

    select
        denominator.period_key,
        denominator.patient_key,
        conditions.lo_on_latest as evidence_on,
        cast(null as varchar) as evidence_value,
        'Diagnosed with ' || conditions.value_set || ' on ' || conditions.lo_on_latest || ' without a test on file' as reason,
        true as is_assessable
    from denominator
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on denominator.patient_key = conditions.patient_key
        and {{ starts_during_days('conditions', 'denominator.period_start_on', 'denominator.period_end_on') }}
    where conditions.value_set in ('diabetes', 'prediabetes') and conditions.is_verified

)

{{ measure_results(has_findings=true) }}
