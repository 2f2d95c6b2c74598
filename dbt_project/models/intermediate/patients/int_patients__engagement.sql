with portal_events as (

    select
        patient_key,
        bool_or(event_type <> 'offered') as has_portal_account,
        max(event_on) filter (event_type = 'login') as last_portal_login_on
    from {{ ref('int_engagement__portal_events') }}
    group by patient_key

),

touches as (

    select
        patient_key,
        max(touched_on) filter (direction = 'outbound') as last_contacted_on,
        max(touched_on) filter (
            direction = 'inbound' or {{ is_response('outcome') }}
        ) as last_responded_on
    from {{ ref('int_engagement__touches') }}
    group by patient_key

)

select
    patient_key,
    coalesce(portal_events.has_portal_account, false) as has_portal_account,
    portal_events.last_portal_login_on,
    touches.last_contacted_on,
    touches.last_responded_on
from portal_events
full join touches using (patient_key)
where patient_key is not null
