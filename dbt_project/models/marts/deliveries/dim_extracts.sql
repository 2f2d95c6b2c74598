select
    cast(source_system as varchar) as source_system,
    cast(extract as varchar) as extract,
    cast(is_delivered as boolean) as is_delivered,
    cast(n_files as bigint) as n_files,
    cast(n_rows as bigint) as n_rows,
    cast(newest_exported_at as timestamptz) as newest_exported_at
from {{ ref('stg_landing__extracts') }}
