select
    source_system,
    claim_id,
    account_id,
    encounter_id,
    location_id,
    provider_npi,
    payer_id,
    payer_name,
    payer_class,
    service_on,
    created_on,
    billed_usd,
    status as claim_status,
    patient_control_number,
    payer_control_number,
    member_id,
    payer_responsibility
from {{ source('raw', 'billing_claims') }}
