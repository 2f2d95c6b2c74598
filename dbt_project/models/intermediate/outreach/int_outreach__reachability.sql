{#-
    Whether a contact point works. One that bounced last does not. A wrong number is neither called nor texted until the person answers on
    it: a call without answer, or a delivered message, does not show whose number it is.
-#}
with

attempts as (

    select
        patient_key,
        channel,
        touched_at as attempted_at,
        outcome = 'bounced' as is_bounced,
        false as is_wrong,
        {{ is_response('outcome') }} as is_answered
    from {{ ref('int_engagement__touches') }}
    where direction = 'outbound'

    union all

    select
        patient_key,
        channel,
        completed_at as attempted_at,
        false as is_bounced,
        outcome = 'wrong_number' as is_wrong,
        is_person_reached as is_answered
    from {{ ref('int_engagement__outreach_tasks') }}
    where completed_at is not null

    union all

    select
        patient_key,
        channel,
        recorded_at as attempted_at,
        false as is_bounced,
        outcome = 'wrong_number' as is_wrong,
        is_person_reached as is_answered
    from {{ ref('int_engagement__outreach_outcomes') }}

),

-- An attempt shows whose number it is, for all channels that use the number.
reported as (

    select
        *,
        unnest(case when channel in ('phone', 'sms') then ['phone', 'sms'] else [channel] end) as reported_channel
    from attempts
    where patient_key is not null

),

summed as (

    select
        patient_key,
        reported_channel as channel,
        {{ newest('is_bounced', ['attempted_at']) }} filter (where channel = reported_channel) as is_bouncing,
        max(attempted_at) filter (where is_wrong) as wrong_at,
        max(attempted_at) filter (where is_answered) as answered_at
    from reported
    group by patient_key, reported_channel

)

select
    patient_key,
    channel,
    not coalesce(is_bouncing, false) and (wrong_at is null or coalesce(answered_at > wrong_at, false)) as is_reachable
from summed
