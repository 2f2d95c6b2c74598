select
    source_system,
    charge_id,
    account_id,
    encounter_id,
    location_id,
    provider_npi,
    payer_class,
    service_code,
    service_on,
    posted_on,
    units,
    charge_usd,
    updated_at as recorded_at
from {{ source('raw', 'billing_charges') }}
