select
    source_system,
    extract,
    file_key,
    row_number,
    field,
    'doubtful' as kind,
    finding
from {{ source('raw', 'doubtful_cells') }}
