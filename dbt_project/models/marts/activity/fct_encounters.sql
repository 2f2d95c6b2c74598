select
    cast(encounter_key as bigint) as encounter_key,
    cast(source_system as varchar) as source_system,
    cast(encounter_id as varchar) as encounter_id,
    cast(patient_key as bigint) as patient_key,
    cast(provider_key as bigint) as provider_key,
    cast(location_key as bigint) as location_key,
    cast(payer_class as varchar) as payer_class,
    cast(patient_segment as varchar) as patient_segment,
    cast(started_at as timestamptz) as started_at,
    cast(ended_at as timestamptz) as ended_at,
    cast(started_on as date) as started_on,
    cast(status as varchar) as status,
    cast(class_code as varchar) as class_code,
    cast(is_telehealth as boolean) as is_telehealth,
    cast(is_completed_visit as boolean) as is_completed_visit
from {{ ref('int_activity__encounters') }}
