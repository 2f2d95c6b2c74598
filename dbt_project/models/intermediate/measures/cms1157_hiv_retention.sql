-- CMS1157 HIV Annual Retention in Care (FHIR), version 1.0.000
with

-- The visit that enters need not be finished; it lies in the first 241 days, by which HIV is known
initial_population as (

    select *
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    where
        {{ has_hiv_by('patient_periods.period_start_on + 240') }}
        and {{ has_hiv_care_visit('patient_periods.period_start_on + 240', of_any_status=true) }}

),

denominator as (

    select * from initial_population

),

visits as (

    select
        denominator.period_key,
        denominator.patient_key,
        'visit' as sign,
        encounters.lo_on_earliest as started_on,
        encounters.hi_on_latest as ended_on
    from denominator
    inner join {{ ref('int_clinical__encounters') }} as encounters
        on denominator.patient_key = encounters.patient_key
        and {{ during_days('encounters', 'denominator.period_start_on', 'denominator.period_end_on') }}
    where
        encounters.is_performed
        and encounters.value_set in (
            {{ hiv_care_visits() }}
        )
        and {{ has_hiv_by('encounters.lo_on_earliest', events='encounters') }}

),

-- A viral load counts by having been done, with a result or without
viral_loads as (

    select
        denominator.period_key,
        denominator.patient_key,
        'viral load' as sign,
        observations.lo_on_earliest as started_on,
        observations.hi_on_latest as ended_on
    from denominator
    inner join {{ ref('int_clinical__observations') }} as observations
        on denominator.patient_key = observations.patient_key
        and {{ during_days('observations', 'denominator.period_start_on', 'denominator.period_end_on') }}
    where observations.value_set = 'hiv_viral_load_tests' and observations.is_laboratory and observations.is_performed

),

signs as (

    select * from visits
    union
    select * from viral_loads

),

pairs as (

    select
        laters.period_key,
        laters.patient_key,
        laters.started_on,
        laters.sign || ' ' || (laters.started_on - earliers.ended_on) || ' days after a ' || earliers.sign as distance
    from signs as earliers
    inner join signs as laters
        on earliers.period_key = laters.period_key
        and earliers.patient_key = laters.patient_key
        and laters.started_on >= earliers.ended_on + 90
    where 'visit' in (earliers.sign, laters.sign)

),

-- The pair that closes first
numerator as (

    select
        period_key,
        patient_key,
        min(started_on) as evidence_on,
        min({'started_on': started_on, 'distance': distance}).distance as evidence_value
    from pairs
    group by period_key, patient_key

),

next_signs as (

    select
        period_key,
        patient_key,
        max(ended_on) as last_seen_on,
        min(ended_on) + 90 as visit_counts_from,
        min(ended_on) filter (where sign = 'visit') + 90 as viral_load_counts_from
    from signs
    group by period_key, patient_key

),

findings as (

    select
        denominator.period_key,
        denominator.patient_key,
        next_signs.last_seen_on as evidence_on,
        cast(null as varchar) as evidence_value,
        case
            when next_signs.visit_counts_from > denominator.period_end_on
                then 'Missed for the period: a second sign of care would count from ' || next_signs.visit_counts_from || ' only'
            when next_signs.viral_load_counts_from is null
                then 'No finished HIV visit: one counts from ' || next_signs.visit_counts_from
            else 'A second sign of care is missing: a visit counts from ' || next_signs.visit_counts_from
                || ', a viral load from ' || next_signs.viral_load_counts_from
        end as reason,
        true as is_assessable,
        next_signs.visit_counts_from as due_from_on,
        cast(null as date) as close_by_on
    from denominator
    inner join next_signs
        on denominator.period_key = next_signs.period_key
        and denominator.patient_key = next_signs.patient_key

)

{{ measure_results(has_exclusions=false, has_findings=true, has_window=true) }}
