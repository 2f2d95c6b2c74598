{#- Bad debt is given up last: on a simulated practice five to eight months after the service. -#}
{%- set known_months = 12 -%}

select
    {{ kpi_row('posted_on', 'charge_key') }},
    0 as numerator,
    charge_usd as denominator
from {{ ref('int_money__charges') }}
where {{ is_known_for(known_months, ['billing:charges'], month=month_of('posted_on')) }}

union all

select
    {{ kpi_row('posted_on', 'payment_key') }},
    amount_usd as numerator,
    0 as denominator
from {{ ref('int_money__movements') }}
where movement_type = 'write_off'
    and reason = 'bad_debt'
    and {{ is_known_for(known_months, ['billing:charges'], month=month_of('posted_on')) }}
