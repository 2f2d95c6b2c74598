select
    source_system,
    write_off_id,
    account_id,
    claim_id,
    charge_id,
    written_off_on,
    amount_usd,
    reason,
    updated_at as recorded_at
from {{ source('raw', 'billing_write_offs') }}
