with

outreach_tasks as (

    select * from {{ ref('stg_crm__outreach_tasks') }}

),

contacts as (

    select * from {{ ref('int_activity__source_patients') }}
    where source_record_type = 'crm_contact'

),

locations as (

    select * from {{ ref('int_activity__named_locations') }}

)

select
    {{ surrogate_key(['outreach_tasks.source_system', 'outreach_tasks.task_id']) }} as outreach_task_key,
    outreach_tasks.*,
    contacts.patient_key,
    coalesce(locations.location_key, contacts.home_location_key) as location_key,
    contacts.primary_provider_key as provider_key,
    coalesce(contacts.payer_class, 'unknown') as payer_class,
    coalesce(contacts.patient_segment, 'unknown') as patient_segment,
    coalesce({{ is_person_reached('outreach_tasks.outcome') }}, false) as is_person_reached
from outreach_tasks
left join contacts
    on outreach_tasks.source_system = contacts.source_system
    and outreach_tasks.contact_id = contacts.source_id
left join locations
    on outreach_tasks.location_id = locations.location_id
