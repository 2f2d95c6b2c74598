-- By month of service, whenever it was posted: what was collected is set against what it was owed for.
select
    {{ kpi_row('service_on', 'charge_key') }},
    0 as numerator,
    charge_usd as denominator
from {{ ref('int_money__charges') }}

union all

select
    {{ kpi_row('coalesce(service_on, posted_on)', 'payment_key') }},
    case when movement_type in ('payer_payment', 'patient_payment') then amount_usd else 0 end as numerator,
    case when movement_type = 'contractual_adjustment' then -amount_usd else 0 end as denominator
from {{ ref('int_money__movements') }}
where movement_type in ('payer_payment', 'patient_payment', 'contractual_adjustment')
