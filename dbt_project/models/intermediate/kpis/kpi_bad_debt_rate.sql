select
    {{ kpi_row('posted_on', 'charge_key') }},
    0 as numerator,
    charge_usd as denominator
from {{ ref('int_money__charges') }}

union all

select
    {{ kpi_row('posted_on', 'payment_key') }},
    amount_usd as numerator,
    0 as denominator
from {{ ref('int_money__movements') }}
where movement_type = 'write_off' and reason = 'bad_debt'
