select
    source_system,
    source_record_type,
    source_id,
    patient_key,
    link_rule,
    cast(confidence as double) as confidence
from {{ ref('int_identity__patient_links') }}
