{#- From ten years before the year that the run looks back from to the end of the year after it. -#}
with days as (

    select cast(unnest(generate_series(
        date_trunc('year', {{ as_of_on() }}) - interval 10 year,
        date_trunc('year', {{ as_of_on() }}) + interval 2 year - interval 1 day,
        interval 1 day
    )) as date) as date_on

)

select
    date_on,
    cast(year(date_on) as integer) as year,
    cast(quarter(date_on) as integer) as quarter,
    cast(month(date_on) as integer) as month,
    {{ month_of('date_on') }} as month_on,
    cast(date_trunc('week', date_on) as date) as week_on,
    cast(isodow(date_on) as integer) as day_of_week,
    isodow(date_on) > 5 as is_weekend,
    date_on < {{ as_of_on() }} as is_past,
    {{ add_months(month_of('date_on'), 1) }} <= {{ as_of_on() }} as is_in_complete_month
from days
