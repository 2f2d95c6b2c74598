select
    source_system,
    adjustment_id,
    remittance_id,
    group_code,
    reason_code,
    remark_codes,
    amount_usd,
    quantity
from {{ source('raw', 'billing_remittance_adjustments') }}
