select
    connector,
    external_id,
    contact_source_system,
    reason,
    channel,
    location_id,
    mark,
    fate,
    code,
    because,
    outcome,
    n_attempts,
    first_sent_at,
    last_sent_at,
    updated_at
from {{ source('raw', 'caregap_sync_rows') }}
