select
    source_system,
    campaign_id,
    contact_id,
    status as member_status,
    is_held_out,
    added_at,
    {{ practice_date('added_at') }} as added_on
from {{ source('raw', 'crm_campaign_members') }}
