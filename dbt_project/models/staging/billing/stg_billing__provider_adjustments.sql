select
    source_system,
    adjustment_id,
    provider_id,
    fiscal_period_on,
    reason_code,
    reference,
    amount_usd,
    posted_on,
    trace_number
from {{ source('raw', 'billing_provider_adjustments') }}
