with

results as (

    select * from {{ ref('int_measures__results') }}

),

not_assessable as (

    select * from {{ ref('int_measures__not_assessable') }}

),

periods as (

    select * from {{ ref('int_measures__periods') }}

),

measures as (

    select * from {{ ref('measure_catalog') }}

),

strata as (

    select
        strata.measure_code,
        patient_periods.period_key,
        patient_periods.patient_key,
        strata.stratum,
        strata.stratum_name
    from {{ ref('measure_strata') }} as strata
    inner join {{ ref('int_measures__patient_periods') }} as patient_periods
        on case strata.age_at when 'start' then patient_periods.age_at_start else patient_periods.age_at_end end
        between strata.min_age and strata.max_age

),

-- Without the extracts that can contain the numerator, it is unknown whether there is a gap
delivered as (

    select distinct extract
    from {{ ref('stg_landing__extracts') }}
    where is_delivered

),

assessable as (

    select measures.measure_code
    from measures
    where exists (
        select 1
        from delivered
        where contains(measures.numerator_extracts, delivered.extract)
    )

),

judged as (

    select
        results.*,
        case
            when not results.is_denominator then 'not_applicable'
            when results.is_denominator_exclusion or results.is_denominator_exception then 'excluded'
            when not results.is_assessable or assessable.measure_code is null then 'not_assessable'
            when results.is_numerator != measures.is_inverse then 'closed'
            else 'open'
        end as gap_status
    from results
    inner join measures
        on results.measure_code = measures.measure_code
    left join assessable
        on results.measure_code = assessable.measure_code

),

by_patient as (

    -- Only a measure of visits has several results of a patient in a period
    select
        measure_code,
        group_id,
        period_key,
        patient_key,
        true as is_initial_population,
        1 as n_initial_population,
        cast(is_denominator as bigint) as n_denominator,
        cast(is_denominator_exclusion as bigint) as n_denominator_exclusion,
        cast(is_denominator_exception as bigint) as n_denominator_exception,
        cast(is_numerator as bigint) as n_numerator,
        own_stratum,
        {
            'episode_on': episode_on,
            'episode_id': episode_id,
            'gap_status': gap_status,
            'evidence_on': evidence_on,
            'evidence_value': evidence_value,
            'reason': reason,
            'due_from_on': cast(null as date),
            'close_by_on': cast(null as date)
        } as shown
    from judged
    where episode_id is null

    union all

    select
        measure_code,
        group_id,
        period_key,
        patient_key,
        true as is_initial_population,
        count(*) as n_initial_population,
        count(*) filter (where is_denominator) as n_denominator,
        count(*) filter (where is_denominator_exclusion) as n_denominator_exclusion,
        count(*) filter (where is_denominator_exception) as n_denominator_exception,
        count(*) filter (where is_numerator) as n_numerator,
        cast(null as integer) as own_stratum,
        max({
            'episode_on': episode_on,
            'episode_id': episode_id,
            'gap_status': gap_status,
            'evidence_on': evidence_on,
            'evidence_value': evidence_value,
            'reason': reason,
            'due_from_on': due_from_on,
            'close_by_on': close_by_on
        }) as shown
    from judged
    where episode_id is not null
    group by measure_code, group_id, period_key, patient_key

    union all

    select
        measure_code,
        'Group_1',
        period_key,
        patient_key,
        false,
        0,
        0,
        0,
        0,
        0,
        cast(null as integer) as own_stratum,
        {
            'episode_on': cast(null as date),
            'episode_id': cast(null as varchar),
            'gap_status': 'not_assessable',
            'evidence_on': cast(null as date),
            'evidence_value': cast(null as varchar),
            'reason': reason,
            'due_from_on': cast(null as date),
            'close_by_on': cast(null as date)
        }
    from not_assessable

)

select
    by_patient.measure_code,
    by_patient.group_id,
    periods.period_type,
    periods.period_start_on,
    periods.period_end_on,
    by_patient.patient_key,
    case when by_patient.is_initial_population then coalesce(own_strata.stratum, strata.stratum) end as stratum,
    case when by_patient.is_initial_population then coalesce(own_strata.stratum_name, strata.stratum_name) end as stratum_name,
    by_patient.is_initial_population,
    by_patient.n_denominator > 0 as is_denominator,
    by_patient.n_denominator_exclusion > 0 as is_denominator_exclusion,
    by_patient.n_denominator_exception > 0 as is_denominator_exception,
    by_patient.n_numerator > 0 as is_numerator,
    by_patient.n_initial_population,
    by_patient.n_denominator,
    by_patient.n_denominator_exclusion,
    by_patient.n_denominator_exception,
    by_patient.n_numerator,
    by_patient.shown.gap_status,
    by_patient.shown.evidence_on,
    case when measures.is_restricted or not {{ tells_restricted('by_patient.shown.evidence_value') }} then by_patient.shown.evidence_value end as evidence_value,
    case when by_patient.shown.gap_status = 'open' then by_patient.shown.due_from_on end as due_from_on,
    case when by_patient.shown.gap_status = 'open' then by_patient.shown.close_by_on end as close_by_on,
    coalesce(
        case when measures.is_restricted or not {{ tells_restricted('by_patient.shown.reason') }} then by_patient.shown.reason end,
        case by_patient.shown.gap_status
            when 'open' then measures.open_reason
            when 'closed' then 'Done'
            when 'not_applicable' then 'Not in the denominator of this rate'
            when 'not_assessable' then 'No source delivers what this measure looks for: ' || measures.numerator_extracts
        end,
        by_patient.shown.gap_status
    ) as reason,
    measures.measure_version
from by_patient
inner join periods
    on by_patient.period_key = periods.period_key
inner join measures
    on by_patient.measure_code = measures.measure_code
-- Join on equalities only: with a one-sided condition DuckDB compares every pair, which takes over 6 minutes for 10,000 patients
left join strata
    on by_patient.measure_code = strata.measure_code
    and by_patient.period_key = strata.period_key
    and by_patient.patient_key = strata.patient_key
left join {{ ref('measure_strata') }} as own_strata
    on by_patient.measure_code = own_strata.measure_code
    and by_patient.own_stratum = own_strata.stratum
