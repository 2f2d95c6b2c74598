select
    {{ kpi_slice('posted_on') }},
    coalesce(sum(amount_usd) filter (where is_at_service), 0) as numerator,
    sum(amount_usd) as denominator
from {{ ref('int_money__movements') }}
where movement_type = 'patient_payment'
group by all
