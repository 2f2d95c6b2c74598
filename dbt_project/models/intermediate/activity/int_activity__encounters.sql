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
    -- HL7 v3 ActCode: ambulatory, virtual, at home, in the field. Emergency and inpatient stays are not visits to the practice. A
    -- class that nobody knows is taken for a visit and named among the checks: one vendor's servers send local classes alone, and
    -- a practice on them had no visits and no active patients.
    coalesce(
        encounters.status = 'finished'
        and (
            encounters.class_code in ('AMB', 'VR', 'HH', 'FLD')
            or coalesce(encounters.class_code, '') not in {{ act_encounter_codes() }}
        )
        and encounters.started_on < {{ as_of_on() }},
        false
    ) as is_completed_visit
from encounters
{{ who_and_where('encounters', 'coalesce(encounters.location_id, encounters.organization_id)') }}
