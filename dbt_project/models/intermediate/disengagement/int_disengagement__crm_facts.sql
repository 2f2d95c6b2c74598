with

links as (

    select * from {{ ref('int_identity__patient_links') }}
    where source_record_type = 'crm_contact'

),

portal as (

    select
        source_system,
        contact_id,
        case event_type when 'login' then 'portal_login' else 'portal_activation' end as fact_type,
        'portal' as code,
        event_at,
        recorded_at
    from {{ ref('stg_crm__portal_events') }}
    where event_type in ('login', 'activated')

),

-- `value` says whether the message was answered.
messages as (

    select
        source_system,
        contact_id,
        'message' as fact_type,
        channel as code,
        cast({{ is_response('outcome') }} as double) as value,
        touched_at as event_at,
        recorded_at
    from {{ ref('stg_crm__touches') }}
    where direction = 'outbound' and outcome <> 'bounced'

),

replies as (

    select
        source_system,
        contact_id,
        'reply' as fact_type,
        channel as code,
        touched_at as event_at,
        recorded_at
    from {{ ref('stg_crm__touches') }}
    where direction = 'inbound' or {{ is_response('outcome') }}

),

outreach as (

    select
        source_system,
        contact_id,
        case when outcome in ('left_message', 'no_answer', 'wrong_number') then 'unreached_contact' else 'reached_contact' end
            as fact_type,
        channel as code,
        completed_at as event_at,
        recorded_at
    from {{ ref('stg_crm__outreach_tasks') }}
    where outcome is not null

),

-- What the care team recorded in the dashboards; it is on record when it is recorded.
recorded_contacts as (

    select
        patient_key,
        case when outcome in ('left_message', 'no_answer', 'wrong_number') then 'unreached_contact' else 'reached_contact' end
            as fact_type,
        channel as code,
        cast(null as double) as value,
        recorded_at as event_at,
        recorded_at
    from {{ ref('int_engagement__outreach_outcomes') }}
    where patient_key is not null and outcome is not null

),

-- `value` is the answer as a share of the best one.
surveys as (

    select
        source_system,
        contact_id,
        'survey_answer' as fact_type,
        survey_name as code,
        cast(score as double) / score_maximum as value,
        answered_at as event_at,
        recorded_at
    from {{ ref('stg_crm__survey_answers') }}

),

facts as (

    select * from portal
    union all by name
    select * from messages
    union all by name
    select * from replies
    union all by name
    select * from outreach
    union all by name
    select * from surveys

)

select
    links.patient_key,
    facts.fact_type,
    facts.code,
    facts.value,
    facts.event_at,
    facts.recorded_at
from facts
inner join links
    on facts.source_system = links.source_system
    and facts.contact_id = links.source_id

union all

select * from recorded_contacts
