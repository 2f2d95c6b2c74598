select
    source_system,
    claim_id,
    line_number,
    charge_id,
    billed_usd
from {{ source('raw', 'billing_claim_lines') }}
