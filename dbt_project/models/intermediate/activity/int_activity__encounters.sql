with

encounters as (

    select * from {{ ref('stg_ehr__encounters') }}

),

patients as (

    select * from {{ ref('int_activity__source_patients') }}
    where source_record_type = 'ehr_patient'

),

providers as (

    select * from {{ ref('int_reference__providers') }}

),

locations as (

    select * from {{ ref('int_reference__locations') }}

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
    encounters.recorded_at,
    -- HL7 v3 ActCode: ambulatory, virtual, at home, in the field. Emergency and inpatient stays are not visits to the practice.
    coalesce(
        encounters.status = 'finished'
        and encounters.class_code in ('AMB', 'VR', 'HH', 'FLD')
        and encounters.started_on < {{ as_of_on() }},
        false
    ) as is_completed_visit
from encounters
left join patients
    on encounters.source_system = patients.source_system
    and encounters.patient_id = patients.source_id
left join providers
    on encounters.source_system = providers.source_system
    and encounters.practitioner_id = providers.practitioner_id
left join locations
    on encounters.source_system = locations.source_system
    and coalesce(encounters.location_id, encounters.organization_id) = locations.location_id
