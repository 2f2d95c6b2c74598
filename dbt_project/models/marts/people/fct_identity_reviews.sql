select
    review_key,
    left_source_system,
    left_record_type,
    left_id,
    left_patient_key,
    right_source_system,
    right_record_type,
    right_id,
    right_patient_key,
    reason,
    evidence,
    cast(confidence as double) as confidence
from {{ ref('int_identity__reviews') }}
