select
    source_system,
    payment_id,
    account_id,
    encounter_id,
    charge_id,
    paid_on,
    amount_usd,
    method,
    is_at_service,
    updated_at as recorded_at
from {{ source('raw', 'billing_patient_payments') }}
