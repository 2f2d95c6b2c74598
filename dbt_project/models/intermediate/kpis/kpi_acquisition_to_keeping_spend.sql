select
    day_on,
    location_key,
    provider_key,
    payer_class,
    patient_segment,
    patient_key,
    record_type,
    record_key,
    0 as numerator,
    cost_usd as denominator
from {{ ref('int_kpis__keeping_costs') }}

union all

select
    {{ kpi_row('month_on', 'spend_key', patient='null') }},
    amount_usd as numerator,
    0 as denominator
from {{ ref('int_kpis__marketing_spend') }}
