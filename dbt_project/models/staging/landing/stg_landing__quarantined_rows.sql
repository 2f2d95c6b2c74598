select
    source_system,
    extract,
    file_key,
    file_name,
    row_number,
    field,
    reason
from {{ source('raw', 'quarantined_rows') }}
