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
    charge_usd
from {{ source('raw', 'billing_charges') }}
