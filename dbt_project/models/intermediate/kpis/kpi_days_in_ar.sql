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
-- Three whole months of charges, or the daily average is of nothing.
where window_starts_on >= history_starts_on and window_ends_on >= month_on
