with

survey_answers as (

    select * from {{ ref('stg_crm__survey_answers') }}

),

contacts as (

    select * from {{ ref('int_activity__source_patients') }}
    where source_record_type = 'crm_contact'

),

-- The CRM identifies the visit by the EHR's id only; with several EHRs two visits may share an id.
encounters as (

    select
        encounter_id,
        min(location_key) as location_key,
        min(provider_key) as provider_key
    from {{ ref('int_activity__encounters') }}
    group by encounter_id
    having count(*) = 1

)

select
    {{ surrogate_key(['survey_answers.source_system', 'survey_answers.answer_id']) }} as survey_answer_key,
    survey_answers.*,
    contacts.patient_key,
    coalesce(encounters.location_key, contacts.home_location_key) as location_key,
    coalesce(encounters.provider_key, contacts.primary_provider_key) as provider_key,
    coalesce(contacts.payer_class, 'unknown') as payer_class,
    coalesce(contacts.patient_segment, 'unknown') as patient_segment
from survey_answers
left join contacts
    on survey_answers.source_system = contacts.source_system
    and survey_answers.contact_id = contacts.source_id
left join encounters
    on survey_answers.encounter_id = encounters.encounter_id
