select
    cast(charge_key as bigint) as charge_key,
    cast(source_system as varchar) as source_system,
    cast(charge_id as varchar) as charge_id,
    cast(patient_key as bigint) as patient_key,
    cast(provider_key as bigint) as provider_key,
    cast(location_key as bigint) as location_key,
    cast(payer_class as varchar) as payer_class,
    cast(patient_segment as varchar) as patient_segment,
    cast(encounter_id as varchar) as encounter_id,
    cast(service_code as varchar) as service_code,
    cast(service_on as date) as service_on,
    cast(posted_on as date) as posted_on,
    cast(units as integer) as units,
    cast(charge_usd as decimal(14, 2)) as charge_usd
from {{ ref('int_money__charges') }}
