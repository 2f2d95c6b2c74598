select
    source_system,
    touch_id,
    contact_id,
    campaign_id,
    appointment_id,
    direction,
    channel,
    purpose,
    outcome,
    is_automated,
    staff_minutes,
    cost_usd,
    touched_at,
    {{ practice_date('touched_at') }} as touched_on,
    updated_at as recorded_at
from {{ source('raw', 'crm_touches') }}
