select
    {{ kpi_row('started_on', 'encounter_key') }},
    0 as numerator,
    1 as denominator
from {{ ref('int_activity__encounters') }}
where is_completed_visit

union all

select
    {{ kpi_row('coalesce(service_on, posted_on)', 'payment_key') }},
    amount_usd as numerator,
    0 as denominator
from {{ ref('int_money__movements') }}
where movement_type in ('payer_payment', 'patient_payment')
