{#- Those that hold: lifted ones are left out. -#}
select
    restriction_id,
    patient_source_system,
    patient_record_type,
    patient_source_id,
    reason,
    restricted_at
from {{ source('raw', 'caregap_restrictions') }}
where not is_lifted
