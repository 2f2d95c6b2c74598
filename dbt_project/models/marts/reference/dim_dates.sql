{#- From ten years before the year that the run looks back from to the end of the year after it. -#}
with days as (

    select cast(unnest(generate_series(
        date_trunc('year', {{ as_of_on() }}) - interval 10 year,
        date_trunc('year', {{ as_of_on() }}) + interval 2 year - interval 1 day,
        interval 1 day
    )) as date) as date_on

),

final as (

    select
        *,
        year(date_on) as year,
        quarter(date_on) as quarter,
        month(date_on) as month,
        {{ month_of('date_on') }} as month_on,
        date_trunc('week', date_on) as week_on,
        isodow(date_on) as day_of_week,
        isodow(date_on) > 5 as is_weekend,
        date_on < {{ as_of_on() }} as is_past,
        {{ add_months(month_of('date_on'), 1) }} <= {{ as_of_on() }} as is_in_complete_month
    from days

)

select
    {{ contract_columns() }}
from final
