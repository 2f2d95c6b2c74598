with

tasks as (

    select
        patient_key,
        completed_at as attempted_at,
        channel,
        outcome,
        false as is_held_out
    from {{ ref('int_engagement__outreach_tasks') }}
    where completed_at is not null

),

messages as (

    select
        patient_key,
        touched_at as attempted_at,
        channel,
        outcome,
        false as is_held_out
    from {{ ref('int_engagement__touches') }}
    where direction = 'outbound' and purpose in ('recall', 'care_gap', 'reactivation')

),

recorded as (

    select
        patient_key,
        recorded_at as attempted_at,
        channel,
        outcome,
        false as is_held_out
    from {{ ref('int_engagement__outreach_outcomes') }}

),

-- Drawn at random not to be contacted.
held_out as (

    select
        links.patient_key,
        members.added_at as attempted_at,
        cast(null as varchar) as channel,
        cast(null as varchar) as outcome,
        true as is_held_out
    from {{ ref('stg_crm__campaign_members') }} as members
    inner join {{ ref('int_identity__patient_links') }} as links
        on members.source_system = links.source_system
        and members.contact_id = links.source_id
        and links.source_record_type = 'crm_contact'
    where members.is_held_out

)

select * from tasks
where patient_key is not null
union all
select * from messages
where patient_key is not null
union all
select * from recorded
where patient_key is not null
union all
select * from held_out
