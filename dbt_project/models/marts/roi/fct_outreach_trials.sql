{#- Days after joining a campaign within which a completed visit counts. -#}
{%- set outcome_days = 90 -%}

with

campaigns as (

    select * from {{ ref('stg_crm__campaigns') }}
    where campaign_type in ('recall', 'care_gap', 'reactivation')

),

members as (

    select
        {{ surrogate_key(['members.source_system', 'members.campaign_id', 'members.contact_id']) }} as trial_key,
        members.source_system,
        members.campaign_id,
        campaigns.campaign_name,
        campaigns.campaign_type,
        links.patient_key,
        members.is_held_out,
        members.added_on
    from {{ ref('stg_crm__campaign_members') }} as members
    inner join campaigns
        on members.source_system = campaigns.source_system
        and members.campaign_id = campaigns.campaign_id
    inner join {{ ref('int_identity__patient_links') }} as links
        on members.source_system = links.source_system
        and members.contact_id = links.source_id
        and links.source_record_type = 'crm_contact'

),

-- Only where a lot was drawn there is anything to compare.
trials as (

    select *
    from members
    window same_campaign as (partition by source_system, campaign_id)
    qualify bool_or(is_held_out) over same_campaign and bool_or(not is_held_out) over same_campaign

),

visits as (

    select
        trials.trial_key,
        max(case when encounters.started_on < trials.added_on then encounters.started_on end) as last_visit_on,
        bool_or(
            encounters.started_on >= trials.added_on and encounters.started_on < trials.added_on + {{ outcome_days }}
        ) as has_visit
    from trials
    inner join {{ ref('int_activity__encounters') }} as encounters
        on trials.patient_key = encounters.patient_key
        and encounters.is_completed_visit
    group by trials.trial_key

),

attempts as (

    select
        trials.trial_key,
        count(*) as n_attempts
    from trials
    inner join {{ ref('int_outreach__attempts') }} as attempts
        on trials.patient_key = attempts.patient_key
        and {{ practice_date('attempts.attempted_at') }} between trials.added_on and trials.added_on + {{ outcome_days - 1 }}
    where not attempts.is_held_out
    group by trials.trial_key

)

select
    trials.trial_key,
    cast(trials.source_system as varchar) as source_system,
    cast(trials.campaign_id as varchar) as campaign_id,
    cast(trials.campaign_name as varchar) as campaign_name,
    cast(trials.campaign_type as varchar) as campaign_type,
    cast(trials.patient_key as bigint) as patient_key,
    trials.added_on,
    trials.is_held_out,
    cast(coalesce(attempts.n_attempts, 0) as bigint) as n_attempts_90_days,
    cast({{ dbt.datediff('visits.last_visit_on', 'trials.added_on', 'day') }} as bigint) as days_since_visit,
    coalesce(visits.has_visit, false) as has_visit_90_days,
    trials.added_on + {{ outcome_days + recording_days() }} <= {{ as_of_on() }} as is_mature
from trials
left join visits
    on trials.trial_key = visits.trial_key
left join attempts
    on trials.trial_key = attempts.trial_key
