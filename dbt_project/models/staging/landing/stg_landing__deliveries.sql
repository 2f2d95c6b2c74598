select
    source_system,
    extract,
    file_key,
    file_name,
    exported_at,
    n_bytes,
    n_delivered,
    n_landed,
    n_quarantined,
    n_superseded,
    n_erased,
    n_contradicted,
    status,
    reason,
    read_as
from {{ source('raw', 'deliveries') }}
