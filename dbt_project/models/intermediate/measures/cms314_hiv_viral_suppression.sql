-- CMS314 HIV Viral Suppression (FHIR), version 1.0.000
with

-- Days are counted from the period's first: diagnosed before the 91st, seen by the 241st
initial_population as (

    select *
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    where
        {{ has_hiv_by('patient_periods.period_start_on + 89') }}
        and {{ has_hiv_care_visit('patient_periods.period_start_on + 240') }}

),

denominator as (

    select * from initial_population

),

viral_loads as (

    select
        denominator.period_key,
        denominator.patient_key,
        observations.observation_id,
        observations.is_performed,
        observations.value_text,
        observations.lo_at_latest as started_at,
        observations.hi_at_earliest as ended_at,
        {{ latest_on('observations') }} as measured_on,
        -- Log-scale tests are in the value set: 5.2 {Log_copies}/mL is no 5.2 copies
        case
            when list_contains(observations.value_value_sets, 'virus_not_detected') then true
            when observations.value_unit in ('{copies}/mL', '{copies}/ml') then observations.value_quantity < 200
        end as is_suppressed
    from denominator
    inner join {{ ref('int_clinical__observations') }} as observations
        on denominator.patient_key = observations.patient_key
        and {{ latest_during_days('observations', 'denominator.period_start_on', 'denominator.period_end_on') }}
    where
        observations.value_set = 'hiv_viral_load_tests'
        and observations.is_laboratory
        and (observations.is_performed or observations.status in ('registered', 'preliminary'))

),

-- The last one decides, with a result or without
last_viral_loads as (

    select *
    from viral_loads
    qualify row_number() over (
        partition by period_key, patient_key
        order by is_performed desc, coalesce(started_at, ended_at) desc, observation_id desc
    ) = 1

),

numerator as (

    select
        period_key,
        patient_key,
        measured_on as evidence_on,
        value_text as evidence_value
    from last_viral_loads
    where is_performed and is_suppressed

),

findings as (

    select
        period_key,
        patient_key,
        measured_on as evidence_on,
        value_text as evidence_value,
        case
            when not is_performed then 'Viral load of ' || measured_on || ' is not final'
            when is_suppressed is null then 'Viral load of ' || measured_on || ' has no result that can be judged'
            else 'Viral load of ' || measured_on || ' is not suppressed'
        end as reason,
        true as is_assessable
    from last_viral_loads
    where not is_performed or not coalesce(is_suppressed, false)

)

{{ measure_results(has_exclusions=false, has_findings=true) }}
