{#-
    The latest decision on a channel holds, whichever of the person's contacts it was recorded for; of two at one instant, the
    refusal.
-#}
with consents as (

    select * from {{ ref('stg_crm__consents') }}

),

links as (

    select * from {{ ref('int_identity__patient_links') }}
    where source_record_type = 'crm_contact'

)

select
    links.patient_key,
    consents.channel,
    consents.consent_status,
    consents.recorded_at
from consents
inner join links
    on consents.source_system = links.source_system and consents.contact_id = links.source_id
qualify row_number() over (
    partition by links.patient_key, consents.channel
    order by consents.recorded_at desc, consents.consent_status = 'revoked' desc, consents.consent_id
) = 1
