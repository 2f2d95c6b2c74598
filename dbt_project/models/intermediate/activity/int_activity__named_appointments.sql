select
    appointment_key,
    appointment_id,
    patient_key,
    count(*) over (partition by appointment_id) = 1 as is_only_one
from {{ ref('int_activity__appointments') }}
