select
    source_system,
    lead_id,
    contact_id,
    campaign_id,
    location_id,
    lead_source,
    status as lead_status,
    created_at,
    {{ practice_date('created_at') }} as created_on,
    converted_at,
    {{ practice_date('converted_at') }} as converted_on
from {{ source('raw', 'crm_leads') }}
