select
    source_system,
    remittance_id,
    claim_id,
    {{ answered_claim() }},
    line_number,
    service_code,
    line_billed_usd,
    posted_on,
    payment_usd,
    contractual_adjustment_usd,
    other_adjustment_usd,
    patient_responsibility_usd,
    is_reversal,
    updated_at as recorded_at
from {{ source('raw', 'billing_remittances') }}
