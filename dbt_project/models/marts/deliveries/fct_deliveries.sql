select
    cast(source_system as varchar) as source_system,
    cast(extract as varchar) as extract,
    cast(file_key as varchar) as file_key,
    cast(file_name as varchar) as file_name,
    cast(exported_at as timestamptz) as exported_at,
    cast(n_bytes as bigint) as n_bytes,
    cast(n_delivered as bigint) as n_delivered,
    cast(n_landed as bigint) as n_landed,
    cast(n_quarantined as bigint) as n_quarantined,
    cast(n_superseded as bigint) as n_superseded,
    cast(status as varchar) as status,
    cast(n_delivered = n_landed + n_quarantined + n_superseded as boolean) as is_reconciled
from {{ ref('stg_landing__deliveries') }}
