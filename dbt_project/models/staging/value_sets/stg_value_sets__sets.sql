select
    value_set,
    value_set_url,
    value_set_oid,
    version,
    title,
    status,
    n_codes
from {{ source('raw', 'value_sets') }}
