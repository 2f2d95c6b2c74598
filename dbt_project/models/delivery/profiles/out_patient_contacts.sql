with

messages as (

    select
        patient_key,
        touched_at as contacted_at,
        touched_on as contacted_on,
        'message' as kind,
        direction,
        channel,
        purpose,
        outcome
    from {{ ref('fct_touches') }}

),

tasks as (

    select
        patient_key,
        completed_at as contacted_at,
        completed_on as contacted_on,
        'task' as kind,
        'outbound' as direction,
        channel,
        task_reason as purpose,
        outcome
    from {{ ref('fct_outreach_tasks') }}
    where completed_at is not null

),

outcomes as (

    select
        patient_key,
        recorded_at as contacted_at,
        recorded_on as contacted_on,
        'recorded_here' as kind,
        'outbound' as direction,
        channel,
        'outreach' as purpose,
        outcome
    from {{ ref('fct_outreach_outcomes') }}

),

contacts as (

    select * from messages
    union all
    select * from tasks
    union all
    select * from outcomes

),

newest as (

    select
        contacts.*,
        row_number() over (
            partition by patient_key
            order by contacted_at desc, kind, channel, direction, purpose, outcome
        ) as contact_number
    from contacts
    where patient_key is not null
    qualify contact_number <= 30

),

final as (

    select
        newest.patient_key,
        patients.home_location_key as location_key,
        newest.contact_number,
        newest.contacted_at,
        newest.contacted_on,
        newest.kind,
        newest.direction,
        newest.channel,
        newest.purpose,
        newest.outcome
    from newest
    inner join {{ ref('dim_patients') }} as patients
        on newest.patient_key = patients.patient_key

)

select
    {{ contract_columns() }}
from final
