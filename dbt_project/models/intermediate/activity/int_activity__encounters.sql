with

encounters as (

    select * from {{ ref('stg_ehr__encounters') }}

)

select
    {{ surrogate_key(['encounters.source_system', 'encounters.encounter_id']) }} as encounter_key,
    encounters.source_system,
    encounters.encounter_id,
    encounters.appointment_id,
    patients.patient_key,
    providers.provider_key,
    locations.location_key,
    coalesce(patients.payer_class, 'unknown') as payer_class,
    coalesce(patients.patient_segment, 'unknown') as patient_segment,
    encounters.started_at,
    encounters.ended_at,
    encounters.started_on,
    encounters.ended_on,
    encounters.status,
    encounters.class_code,
    encounters.is_telehealth,
    encounters.discharge_codes,
    encounters.recorded_at,
    {{ is_completed_visit('encounters') }} as is_completed_visit
from encounters
{{ who_and_where('encounters', 'coalesce(encounters.location_id, encounters.organization_id)') }}
