{#-
    The latest decision on a channel applies, whichever of the person's contacts it was recorded for; of two at the same instant, the
    refusal. A reply that asks to stop refuses its channel; a request to the care team refuses all channels.
-#}
with

links as (

    select * from {{ ref('int_identity__patient_links') }}
    where source_record_type = 'crm_contact'

),

recorded as (

    select
        links.patient_key,
        consents.channel,
        consents.consent_status,
        consents.recorded_at
    from {{ ref('stg_crm__consents') }} as consents
    inner join links
        on consents.source_system = links.source_system and consents.contact_id = links.source_id

),

stopped as (

    select
        patient_key,
        channel,
        'revoked' as consent_status,
        touched_at as recorded_at
    from {{ ref('int_engagement__touches') }}
    where outcome = 'opted_out'

),

refused_by_request as (

    select
        patient_key,
        completed_at as recorded_at
    from {{ ref('int_engagement__outreach_tasks') }}
    where outcome = 'opted_out' and completed_at is not null

    union all

    select
        patient_key,
        recorded_at
    from {{ ref('int_engagement__outreach_outcomes') }}
    where outcome = 'opted_out'

),

decisions as (

    select * from recorded
    union all
    select * from stopped
    union all
    select
        patient_key,
        unnest(['sms', 'email', 'phone', 'mail', 'portal']) as channel,
        'revoked' as consent_status,
        recorded_at
    from refused_by_request

)

select
    patient_key,
    channel,
    consent_status,
    recorded_at
from decisions
where patient_key is not null
qualify row_number() over (
    partition by patient_key, channel
    order by recorded_at desc, consent_status = 'revoked' desc, consent_status
) = 1
