with

receivables as (

    select
        *,
        {{ add_months('month_on', -2) }} as window_starts_on,
        least({{ month_end('month_on') }}, {{ as_of_on() }} - 1) as window_ends_on
    from {{ ref('int_money__receivables') }}

)

select
    {{ kpi_row(month_end('month_on'), record_type='balance', patient='null') }},
    balance_usd * ({{ dbt.datediff('window_starts_on', 'window_ends_on', 'day') }} + 1) as numerator,
    quarter_charge_usd as denominator
from receivables
where window_ends_on >= month_on and {{ services_are_known('month_on') }}
