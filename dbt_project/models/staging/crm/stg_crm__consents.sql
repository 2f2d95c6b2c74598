select
    source_system,
    consent_id,
    contact_id,
    channel,
    status as consent_status,
    source as recorded_by,
    recorded_at,
    {{ practice_date('recorded_at') }} as recorded_on
from {{ source('raw', 'crm_consents') }}
