select
    source_system,
    snapshot_on,
    practitioner_id,
    location_id,
    starts_at,
    {{ practice_date('starts_at') }} as starts_on,
    duration_minutes,
    updated_at as recorded_at
from {{ source('raw', 'crm_open_slots') }}
