select
    source_system,
    denial_id,
    claim_id,
    {{ answered_claim() }},
    line_number,
    denied_on,
    is_initial,
    reason_code,
    reason_category,
    remark_codes,
    denied_usd,
    overturned_on
from {{ source('raw', 'billing_claim_denials') }}
