{#- Every channel with the person's consent, its contact point, and whether it can be used now. -#}
with

people as (

    select * from {{ ref('int_patients__demographics') }}

),

engagement as (

    select * from {{ ref('int_patients__engagement') }}

),

consents as (

    select * from {{ ref('int_patients__consents') }}
    where consent_status = 'granted'

),

reachability as (

    select * from {{ ref('int_outreach__reachability') }}

),

contact_points as (

    select
        people.patient_key,
        consents.channel,
        consents.recorded_at as consent_recorded_at,
        case consents.channel
            when 'sms' then people.phone
            when 'phone' then people.phone
            when 'email' then people.email
            when 'mail' then people.address_line || ', ' || people.city || ', ' || people.state || ' ' || people.postal_code
            when 'portal' then case when engagement.has_portal_account then 'portal' end
        end as contact_point,
        people.preferred_channel
    from people
    inner join consents
        on people.patient_key = consents.patient_key
    left join engagement
        on people.patient_key = engagement.patient_key

)

select
    contact_points.patient_key,
    contact_points.channel,
    contact_points.consent_recorded_at,
    contact_points.contact_point,
    contact_points.contact_point is not null and coalesce(reachability.is_reachable, true) as is_usable,
    row_number() over (
        partition by contact_points.patient_key
        order by
            contact_points.preferred_channel is not distinct from contact_points.channel desc,
            coalesce(channel_answers.answer_share, 0) desc,
            list_position(['phone', 'sms', 'email', 'portal', 'mail'], contact_points.channel)
    ) as preference
from contact_points
left join reachability
    on contact_points.patient_key = reachability.patient_key
    and contact_points.channel = reachability.channel
left join {{ ref('int_outreach__channel_answers') }} as channel_answers
    on contact_points.patient_key = channel_answers.patient_key
    and contact_points.channel = channel_answers.channel
