select
    source_system,
    extract,
    is_delivered,
    n_files,
    n_rows,
    newest_exported_at
from {{ source('raw', 'extracts') }}
