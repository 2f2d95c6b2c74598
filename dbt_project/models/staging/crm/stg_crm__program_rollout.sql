select
    source_system,
    program_name,
    location_id,
    go_live_on,
    updated_at as recorded_at
from {{ source('raw', 'crm_program_rollout') }}
