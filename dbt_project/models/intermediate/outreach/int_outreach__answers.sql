{#- Every message, call and task that was meant to reach a person, and whether the person answered. -#}
with

attempts as (

    select
        patient_key,
        channel,
        touched_at as attempted_at,
        {{ is_response('outcome') }} as is_answered
    from {{ ref('int_engagement__touches') }}
    where direction = 'outbound' and outcome <> 'bounced'

    union all

    select
        patient_key,
        channel,
        completed_at as attempted_at,
        is_person_reached as is_answered
    from {{ ref('int_engagement__outreach_tasks') }}
    where completed_at is not null and outcome <> 'wrong_number'

    union all

    select
        patient_key,
        channel,
        recorded_at as attempted_at,
        is_person_reached as is_answered
    from {{ ref('int_engagement__outreach_outcomes') }}
    where outcome <> 'wrong_number'

),

profiles as (

    select * from {{ ref('int_patients__profile') }}

)

select
    attempts.*,
    profiles.patient_segment,
    -- Hours of the practice's clock: morning, midday, afternoon, evening, by the hour at their middle.
    case
        when {{ practice_hour('attempts.attempted_at') }} < 11 then 9
        when {{ practice_hour('attempts.attempted_at') }} < 14 then 12
        when {{ practice_hour('attempts.attempted_at') }} < 17 then 15
        else 18
    end as part_of_day
from attempts
inner join profiles
    on attempts.patient_key = profiles.patient_key
