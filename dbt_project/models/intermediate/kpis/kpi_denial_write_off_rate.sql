select
    {{ kpi_row('posted_on', 'charge_key') }},
    0 as numerator,
    charge_usd as denominator
from {{ ref('int_money__charges') }}
where {{ services_are_known('posted_on') }}

union all

select
    {{ kpi_row('posted_on', 'payment_key') }},
    case when movement_type = 'write_off' then amount_usd else 0 end as numerator,
    case when movement_type = 'contractual_adjustment' then -amount_usd else 0 end as denominator
from {{ ref('int_money__movements') }}
where {{ services_are_known('posted_on') }}
    and (
        movement_type = 'contractual_adjustment'
        or movement_type = 'write_off' and reason in ('denial', 'timely_filing')
    )
