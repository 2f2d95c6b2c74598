select
    cast(portal_event_key as bigint) as portal_event_key,
    cast(source_system as varchar) as source_system,
    cast(event_id as varchar) as event_id,
    cast(patient_key as bigint) as patient_key,
    cast(provider_key as bigint) as provider_key,
    cast(location_key as bigint) as location_key,
    cast(payer_class as varchar) as payer_class,
    cast(patient_segment as varchar) as patient_segment,
    cast(appointment_id as varchar) as appointment_id,
    cast(event_type as varchar) as event_type,
    cast(event_at as timestamptz) as event_at,
    cast(event_on as date) as event_on
from {{ ref('int_engagement__portal_events') }}
