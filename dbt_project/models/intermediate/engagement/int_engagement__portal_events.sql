with

portal_events as (

    select * from {{ ref('stg_crm__portal_events') }}

),

contacts as (

    select * from {{ ref('int_activity__source_patients') }}
    where source_record_type = 'crm_contact'

)

select
    {{ surrogate_key(['portal_events.source_system', 'portal_events.event_id']) }} as portal_event_key,
    portal_events.*,
    contacts.patient_key,
    contacts.home_location_key as location_key,
    contacts.primary_provider_key as provider_key,
    coalesce(contacts.payer_class, 'unknown') as payer_class,
    coalesce(contacts.patient_segment, 'unknown') as patient_segment
from portal_events
left join contacts
    on portal_events.source_system = contacts.source_system
    and portal_events.contact_id = contacts.source_id
