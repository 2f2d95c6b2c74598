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
    status as claim_status
from {{ source('raw', 'billing_claims') }}
