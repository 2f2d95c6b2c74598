select
    provider_key,
    source_system,
    practitioner_id,
    npi,
    first_name,
    last_name,
    concat_ws(', ', last_name, first_name) as provider_name,
    specialty,
    location_key,
    started_on,
    ended_on,
    is_active
from {{ ref('int_reference__providers') }}
