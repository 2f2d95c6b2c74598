select
    program_key,
    source_system,
    program_name,
    location_id,
    location_key,
    go_live_on,
    is_live
from {{ ref('int_reference__programs') }}
