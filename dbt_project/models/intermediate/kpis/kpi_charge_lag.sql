with

lags as (

    select
        *,
        {{ dbt.datediff('service_on', 'posted_on', 'day') }} as lag_days
    from {{ ref('int_money__charges') }}
    where units > 0

)

select
    {{ kpi_slice('posted_on') }},
    sum(lag_days) as numerator,
    count(*) as denominator
from lags
where lag_days >= 0
group by all
