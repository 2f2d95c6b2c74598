select
    source_system,
    decision_id,
    left_source_system,
    left_record_type,
    left_id,
    right_source_system,
    right_record_type,
    right_id,
    decision,
    decided_at,
    decided_by
from {{ source('raw', 'caregap_identity_decisions') }}
