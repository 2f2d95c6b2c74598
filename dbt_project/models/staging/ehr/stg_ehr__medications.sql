select
    source_system,
    id as medication_id,
    {{ codes_of('code') }} as codes,
    coalesce(code.coding[1].display, code.text) as code_name
from {{ source('raw', 'ehr_medication') }}
