select
    day_on,
    location_key,
    provider_key,
    payer_class,
    patient_segment,
    patient_key,
    record_type,
    record_key,
    cost_usd as numerator,
    0 as denominator
from {{ ref('int_kpis__keeping_costs') }}

union all

select
    {{ kpi_row(month_end('month_on'), record_type='patient') }},
    0 as numerator,
    -- A month of a patient is a twelfth of a patient year.
    1 / 12.0 as denominator
from {{ ref('int_activity__patient_months') }}
