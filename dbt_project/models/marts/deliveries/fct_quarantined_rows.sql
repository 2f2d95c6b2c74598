select
    cast(source_system as varchar) as source_system,
    cast(extract as varchar) as extract,
    cast(file_key as varchar) as file_key,
    cast(file_name as varchar) as file_name,
    cast(row_number as bigint) as row_number,
    cast(field as varchar) as field,
    cast(reason as varchar) as reason
from {{ ref('stg_landing__quarantined_rows') }}
