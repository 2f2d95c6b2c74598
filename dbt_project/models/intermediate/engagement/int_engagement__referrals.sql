with

referrals as (

    select * from {{ ref('stg_crm__referrals') }}

),

contacts as (

    select * from {{ ref('int_activity__source_patients') }}
    where source_record_type = 'crm_contact'

)

select
    {{ surrogate_key(['referrals.source_system', 'referrals.referral_id']) }} as referral_key,
    referrals.*,
    contacts.patient_key,
    contacts.home_location_key as location_key,
    contacts.primary_provider_key as provider_key,
    coalesce(contacts.payer_class, 'unknown') as payer_class,
    coalesce(contacts.patient_segment, 'unknown') as patient_segment
from referrals
left join contacts
    on referrals.source_system = contacts.source_system
    and referrals.contact_id = contacts.source_id
