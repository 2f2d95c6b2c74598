select
    source_system,
    program_name,
    location_id,
    go_live_on
from {{ source('raw', 'crm_program_rollout') }}
