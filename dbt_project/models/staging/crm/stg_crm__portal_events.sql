select
    source_system,
    event_id,
    contact_id,
    appointment_id,
    event_type,
    event_at,
    {{ practice_date('event_at') }} as event_on,
    updated_at as recorded_at
from {{ source('raw', 'crm_portal_events') }}
