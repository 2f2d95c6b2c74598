with

lags as (

    select
        *,
        {{ dbt.datediff('service_on', 'posted_on', 'day') }} as lag_days
    from {{ ref('int_money__charges') }}
    where units > 0

)

select
    {{ kpi_row('posted_on', 'charge_key') }},
    lag_days as numerator,
    1 as denominator
from lags
where lag_days >= 0 and {{ is_known_for(2, ['billing:charges'], month=month_of('posted_on')) }}
