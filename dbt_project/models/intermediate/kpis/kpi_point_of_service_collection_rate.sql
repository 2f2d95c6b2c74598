select
    {{ kpi_row('posted_on', 'payment_key') }},
    case when is_at_service then amount_usd else 0 end as numerator,
    amount_usd as denominator
from {{ ref('int_money__movements') }}
where movement_type = 'patient_payment' and {{ services_are_known('posted_on') }}
