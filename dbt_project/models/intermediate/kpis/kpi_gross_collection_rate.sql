-- By month of service, whenever it was posted, as the net collection rate.
select
    {{ kpi_row('service_on', 'charge_key') }},
    0 as numerator,
    charge_usd as denominator
from {{ ref('int_money__charges') }}

union all

select
    {{ kpi_row('coalesce(service_on, posted_on)', 'payment_key') }},
    amount_usd as numerator,
    0 as denominator
from {{ ref('int_money__movements') }}
where movement_type in ('payer_payment', 'patient_payment')
