with

touches as (

    select * from {{ ref('stg_crm__touches') }}

),

campaigns as (

    select * from {{ ref('stg_crm__campaigns') }}

),

contacts as (

    select * from {{ ref('int_activity__source_patients') }}
    where source_record_type = 'crm_contact'

)

select
    {{ surrogate_key(['touches.source_system', 'touches.touch_id']) }} as touch_key,
    touches.*,
    campaigns.campaign_type,
    contacts.patient_key,
    contacts.home_location_key as location_key,
    contacts.primary_provider_key as provider_key,
    coalesce(contacts.payer_class, 'unknown') as payer_class,
    coalesce(contacts.patient_segment, 'unknown') as patient_segment
from touches
left join campaigns
    on touches.source_system = campaigns.source_system
    and touches.campaign_id = campaigns.campaign_id
left join contacts
    on touches.source_system = contacts.source_system
    and touches.contact_id = contacts.source_id
