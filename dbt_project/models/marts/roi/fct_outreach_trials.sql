{#-
    Days count, not instants: the draw is for a day, from what was known before it, and a CRM enters its members at any hour of
    that day, some after the first call. So the day itself is the first of the 90, for both arms alike.
-#}
{%- set outcome_days = 90 -%}

with

members as (

    select
        *,
        {{ surrogate_key(['source_system', 'campaign_id', 'patient_key']) }} as trial_key
    from {{ ref('int_outreach__trial_members') }}

),

profiles as (

    select * from {{ ref('int_patients__profile') }}

),

visits as (

    select
        members.trial_key,
        max(encounters.started_on) filter (where encounters.started_on < members.added_on) as last_visit_on,
        min(encounters.started_on) filter (
            where encounters.started_on >= members.added_on and encounters.started_on < members.added_on + {{ outcome_days }}
        ) as first_visit_on
    from members
    inner join {{ ref('int_activity__encounters') }} as encounters
        on members.patient_key = encounters.patient_key
        and encounters.is_completed_visit
    group by members.trial_key

),

attempts as (

    select
        members.trial_key,
        count(*) filter (where not attempts.is_repeated_report) as n_attempts,
        {{ oldest('attempts.channel', ['attempts.attempted_at', 'attempts.is_repeated_report']) }} as first_channel,
        {{ newest('attempts.outcome', ['attempts.attempted_at', 'not attempts.is_repeated_report', 'attempts.channel']) }} as last_outcome
    from members
    inner join {{ ref('int_outreach__attempts') }} as attempts
        on members.patient_key = attempts.patient_key
        and {{ practice_date('attempts.attempted_at') }} between members.added_on and members.added_on + {{ outcome_days - 1 }}
    where not attempts.is_held_out
    group by members.trial_key

),

final as (

    select
        members.trial_key,
        members.source_system,
        members.campaign_id,
        members.campaign_name,
        members.campaign_type,
        members.patient_key,
        profiles.home_location_key as location_key,
        members.added_on,
        members.is_held_out,
        coalesce(attempts.n_attempts, 0) as n_attempts_90_days,
        attempts.first_channel as contact_channel,
        attempts.last_outcome as contact_outcome,
        {{ dbt.datediff('visits.last_visit_on', 'members.added_on', 'day') }} as days_since_visit,
        visits.first_visit_on,
        visits.first_visit_on is not null as has_visit_90_days,
        members.added_on + {{ outcome_days + disengagement_recording_days() }} <= {{ as_of_on() }} as is_mature
    from members
    left join profiles
        on members.patient_key = profiles.patient_key
    left join visits
        on members.trial_key = visits.trial_key
    left join attempts
        on members.trial_key = attempts.trial_key

)

select
    {{ contract_columns() }}
from final
