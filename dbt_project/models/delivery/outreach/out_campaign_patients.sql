with

members as (

    select * from {{ ref('out_campaign_members') }}

),

campaigns as (

    select * from {{ ref('int_outreach__campaigns') }}

),

patients as (

    select * from {{ ref('dim_patients') }}

),

guard_rails as (

    select * from {{ ref('int_outreach__guard_rails') }}

),

channels as (

    select * from {{ ref('int_outreach__channels') }}
    where is_usable

),

urgent as (

    select * from {{ ref('int_outreach__urgent_findings') }}

),

scores as (

    select * from {{ source('ml', 'disengagement_scores') }}

),

locations as (

    select * from {{ ref('dim_locations') }}

),

-- A campaign of one channel reaches only those who agreed to that channel.
guarded as (

    select
        members.*,
        patients.home_location_key,
        urgent.patient_key is not null as is_clinically_urgent,
        coalesce(scores.score, 0) as score,
        coalesce(channels.channel, guard_rails.recommended_channel) as recommended_channel,
        coalesce(channels.contact_point, guard_rails.contact_point) as contact_point,
        guard_rails.next_eligible_on,
        case
            when guard_rails.patient_key is null then 'not_checked'
            when guard_rails.barrier is not null then guard_rails.barrier
            when campaigns.channel is not null and channels.patient_key is null then 'no_valid_contact_point'
            -- What is asked for by a clinician is care, and is neither put off nor held out.
            when campaigns.audience in ('discharge', 'visit') then null
            when guard_rails.is_too_soon then 'recently_contacted'
            when urgent.patient_key is not null then null
            when {{ is_drawn('members.patient_key') }} then 'held_out'
            when {{ is_drawn_by('campaigns.campaign_code', 'campaigns.holdout_share', 'members.patient_key') }} then 'held_out'
        end as suppress_reason
    from members
    inner join campaigns
        on members.campaign_code = campaigns.campaign_code
    inner join patients
        on members.patient_key = patients.patient_key
    left join guard_rails
        on members.patient_key = guard_rails.patient_key
    left join channels
        on
            members.patient_key = channels.patient_key
            and campaigns.channel = channels.channel
    left join urgent
        on members.patient_key = urgent.patient_key
    left join scores
        on members.patient_key = scores.patient_key

),

ordered as (

    select
        *,
        case
            when suppress_reason is null
                then row_number() over (
                    partition by campaign_code, home_location_key, suppress_reason is null
                    order by is_clinically_urgent desc, waiting_since_on, score desc, patient_key
                )
        end as priority_rank
    from guarded

),

final as (

    select
        ordered.* exclude (score),
        ordered.home_location_key as location_key,
        {{ as_of_on() }} as listed_on,
        ordered.finding as why,
        coalesce(
            ordered.priority_rank <= coalesce(campaigns.site_capacity, {{ outreach_capacity('locations.location_id') }}), false
        ) as is_within_capacity,
        coalesce(ordered.suppress_reason = 'held_out', false) as is_held_out,
        campaigns.next_action
    from ordered
    inner join campaigns
        on ordered.campaign_code = campaigns.campaign_code
    left join locations
        on ordered.home_location_key = locations.location_key

)

select
    {{ contract_columns() }}
from final
