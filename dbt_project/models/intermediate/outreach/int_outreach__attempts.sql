{#-
    One call is often recorded twice: as a task and a touch in the CRM, or in the dashboards too. For each day and channel, the source
    with the most records counts; those of other sources are kept and marked `is_repeated_report`.
-#}
with

tasks as (

    select
        patient_key,
        'task' as kind,
        completed_at as attempted_at,
        channel,
        outcome
    from {{ ref('int_engagement__outreach_tasks') }}
    where completed_at is not null

),

messages as (

    select
        patient_key,
        'message' as kind,
        touched_at as attempted_at,
        channel,
        outcome
    from {{ ref('int_engagement__touches') }}
    where direction = 'outbound' and purpose in ('recall', 'care_gap', 'reactivation')

),

recorded as (

    select
        patient_key,
        -- A connected EHR's word is another report than that of the page.
        case when outcome_id like 'connect:%' then 'told' else 'recorded' end as kind,
        recorded_at as attempted_at,
        channel,
        outcome
    from {{ ref('int_engagement__outreach_outcomes') }}

),

reported as (

    select * from tasks
    union all
    select * from messages
    union all
    select * from recorded

),

counted as (

    select
        *,
        {{ practice_date('attempted_at') }} as attempted_on,
        count(*) over (partition by patient_key, channel, {{ practice_date('attempted_at') }}, kind) as n_reports
    from reported
    where patient_key is not null

),

-- Held out at random.
held_out as (

    select
        patient_key,
        added_at as attempted_at,
        cast(null as varchar) as channel,
        cast(null as varchar) as outcome,
        true as is_held_out,
        false as is_repeated_report
    from {{ ref('int_outreach__trial_members') }}
    where is_held_out

)

select
    patient_key,
    attempted_at,
    channel,
    outcome,
    false as is_held_out,
    (n_reports, kind) <> max((n_reports, kind)) over (partition by patient_key, channel, attempted_on) as is_repeated_report
from counted
union all
select * from held_out
