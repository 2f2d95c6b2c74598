{#- Whoever was picked for a campaign in which some were drawn at random not to be contacted, and what came of it. -#}
with

members as (

    select * from {{ ref('stg_crm__campaign_members') }}

),

links as (

    select * from {{ ref('int_identity__patient_links') }}
    where source_record_type = 'crm_contact'

),

-- Without somebody held out there is nobody to compare with.
randomised as (

    select
        source_system,
        campaign_id
    from members
    group by source_system, campaign_id
    having bool_or(is_held_out)

),

picked as (

    select
        links.patient_key,
        members.campaign_id,
        members.added_at as picked_at,
        coalesce(members.is_held_out, false) as is_held_out
    from members
    inner join randomised
        on members.source_system = randomised.source_system and members.campaign_id = randomised.campaign_id
    inner join links
        on members.source_system = links.source_system and members.contact_id = links.source_id
    qualify row_number() over (partition by links.patient_key, members.campaign_id order by members.added_at, members.contact_id) = 1

),

profiles as (

    select * from {{ ref('int_patients__profile') }}

),

attempts as (

    select
        picked.patient_key,
        picked.campaign_id,
        min(attempts.attempted_at) as first_attempt_at,
        min_by(attempts.channel, attempts.attempted_at) as channel,
        max_by(attempts.outcome, attempts.attempted_at) as outcome
    from picked
    inner join {{ ref('int_outreach__attempts') }} as attempts
        on picked.patient_key = attempts.patient_key
        and attempts.attempted_at >= picked.picked_at
        and attempts.attempted_at < picked.picked_at + interval 90 day
    where not attempts.is_held_out and not picked.is_held_out
    group by picked.patient_key, picked.campaign_id

),

visits as (

    select
        picked.patient_key,
        picked.campaign_id,
        min(encounters.started_at) as first_visit_at
    from picked
    inner join {{ ref('int_activity__encounters') }} as encounters
        on picked.patient_key = encounters.patient_key
        and encounters.started_at >= picked.picked_at
        and encounters.started_at < picked.picked_at + interval 90 day
    where encounters.is_completed_visit
    group by picked.patient_key, picked.campaign_id

)

select
    picked.patient_key,
    picked.campaign_id,
    profiles.home_location_key as location_key,
    {{ practice_date('picked.picked_at') }} as picked_on,
    {{ month_of(practice_date('picked.picked_at')) }} as month_on,
    picked.is_held_out,
    attempts.channel as contact_channel,
    attempts.outcome as contact_outcome,
    {{ practice_date('visits.first_visit_at') }} as first_visit_on,
    -- Known when 90 days are over, and what happened in them is on record.
    case
        when {{ practice_date('picked.picked_at') }} + {{ 90 + recording_days() }} <= {{ as_of_on() }}
            then visits.patient_key is not null
    end as has_visited
from picked
left join profiles
    on picked.patient_key = profiles.patient_key
left join attempts
    on picked.patient_key = attempts.patient_key and picked.campaign_id = attempts.campaign_id
left join visits
    on picked.patient_key = visits.patient_key and picked.campaign_id = visits.campaign_id
