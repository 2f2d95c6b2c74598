-- The reporting year, years before it, and rolling twelve months to each of the last month ends
with years as (

    select
        'year' as period_type,
        make_date({{ var('reporting_year', none) or modules.datetime.date.fromisoformat(var('as_of_on') | string).year }} - years_back, 1, 1)
            as period_start_on
    from (select unnest(range(0, {{ var('earlier_years', 1) }} + 1)) as years_back) as back

),

rolling as (

    select
        'rolling' as period_type,
        cast(date_trunc('month', {{ as_of_on() }}) - to_months(months_back + 12) as date) as period_start_on
    from (select unnest(range(0, {{ var('rolling_month_ends') }})) as months_back) as back

),

starts as (

    select * from years
    union all
    -- Twelve months to a December are the calendar year: one row for both
    select * from rolling
    where period_start_on not in (select period_start_on from years)

)

select
    cast(row_number() over (order by period_start_on) as smallint) as period_key,
    period_type,
    period_start_on,
    cast(period_start_on + interval 1 year as date) - 1 as period_end_on,
    {{ practice_midnight('period_start_on') }} as period_starts_at,
    {{ practice_midnight('period_start_on + interval 1 year') }} as period_ends_before
from starts
