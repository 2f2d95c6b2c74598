select
    source_system,
    task_id,
    contact_id,
    campaign_id,
    location_id,
    assigned_to,
    reason,
    channel,
    outcome,
    staff_minutes,
    created_at,
    {{ practice_date('created_at') }} as created_on,
    due_on,
    external_id,
    completed_at,
    {{ practice_date('completed_at') }} as completed_on,
    updated_at as recorded_at
from {{ source('raw', 'crm_outreach_tasks') }}
