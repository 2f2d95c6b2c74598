-- From when to when an order's dosages say that it is taken: of the intervals that they give, merged where they overlap or touch, the earliest
with

orders as (

    select
        source_system,
        medication_request_id,
        authored_date_time,
        unnest(dosages).timing.repeat as schedule
    from {{ ref('stg_ehr__medication_requests') }}
    where
        array_length(list_filter(dosages, lambda dosage: coalesce(
            dosage.timing.repeat.boundsPeriod.start,
            cast(dosage.timing.repeat.boundsDuration.value as varchar),
            cast(dosage.timing.repeat.boundsRange.high.value as varchar)
        ) is not null)) > 0

),

bounds as (

    select
        source_system,
        medication_request_id,
        true as is_period,
        schedule.boundsPeriod.start as lo,
        coalesce(schedule.boundsPeriod."end", {{ unbounded_future() }}) as hi
    from orders
    where schedule.boundsPeriod.start is not null

    union all

    -- Its end is open: the last moment is the one before
    select
        source_system,
        medication_request_id,
        false as is_period,
        authored_date_time as lo,
        {{ date_time_plus('authored_date_time', 'schedule.boundsDuration', less='1 millisecond') | indent(8) }} as hi
    from orders
    where schedule.boundsDuration.value is not null

    union all

    select
        source_system,
        medication_request_id,
        false as is_period,
        {{ date_time_plus('authored_date_time', 'schedule.boundsRange.low') | indent(8) }} as lo,
        {{ date_time_plus('authored_date_time', 'schedule.boundsRange.high') | indent(8) }} as hi
    from orders
    where schedule.boundsRange.high.value is not null

),

-- A measure that knows periods only reads those alone
dated as (

    select
        bounds.source_system,
        bounds.medication_request_id,
        readings.is_of_periods,
        {{ interval_columns('bounds.lo', 'bounds.hi') }}
    from bounds
    cross join (values (true), (false)) as readings (is_of_periods)
    where bounds.is_period or not readings.is_of_periods

),

gaps as (

    select
        *,
        coalesce(
            lo_at_earliest > max(hi_at_latest) over (
                partition by source_system, medication_request_id, is_of_periods
                order by lo_at_earliest, hi_at_latest rows between unbounded preceding and 1 preceding
            ) + interval 1 millisecond,
            false
        ) as is_after_a_gap
    from dated
    where lo_at_earliest <= hi_at_latest

)

select
    source_system,
    medication_request_id,
    is_of_periods,
    min(lo_on_earliest) as lo_on_earliest,
    min(lo_on_latest) as lo_on_latest,
    max(hi_on_earliest) as hi_on_earliest,
    max(hi_on_latest) as hi_on_latest
from (
    select
        *,
        bool_or(is_after_a_gap) over (
            partition by source_system, medication_request_id, is_of_periods
            order by lo_at_earliest, hi_at_latest rows unbounded preceding
        ) as is_later
    from gaps
)
where not is_later
group by source_system, medication_request_id, is_of_periods
