select
    source_system,
    write_off_id,
    account_id,
    claim_id,
    charge_id,
    written_off_on,
    amount_usd,
    reason
from {{ source('raw', 'billing_write_offs') }}
