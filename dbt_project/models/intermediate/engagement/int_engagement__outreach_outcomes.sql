{#- An outcome belongs to a source record, and follows that record to its current person. -#}
with

outcomes as (

    select * from {{ ref('stg_caregap__outreach_outcomes') }}

),

patients as (

    select * from {{ ref('int_activity__source_patients') }}

)

select
    outcomes.outcome_id,
    patients.patient_key,
    patients.home_location_key as location_key,
    patients.primary_provider_key as provider_key,
    coalesce(patients.payer_class, 'unknown') as payer_class,
    coalesce(patients.patient_segment, 'unknown') as patient_segment,
    outcomes.listed_on,
    outcomes.recorded_at,
    outcomes.recorded_on,
    outcomes.channel,
    outcomes.outcome,
    outcomes.note_code,
    outcomes.recorded_by,
    coalesce({{ is_person_reached('outcomes.outcome') }}, false) as is_person_reached
from outcomes
left join patients
    on outcomes.patient_source_system = patients.source_system
    and outcomes.patient_record_type = patients.source_record_type
    and outcomes.patient_source_id = patients.source_id
