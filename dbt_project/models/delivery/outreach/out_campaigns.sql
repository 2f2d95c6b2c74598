with

campaigns as (

    select * from {{ ref('int_outreach__campaigns') }}

),

locations as (

    select * from {{ ref('dim_locations') }}

),

members as (

    select
        campaign_code,
        location_key,
        count(*) as n_patients,
        count(*) filter (where suppress_reason is null) as n_listed,
        count(*) filter (where is_within_capacity) as n_within_capacity,
        count(*) filter (where is_held_out) as n_held_out
    from {{ ref('out_campaign_patients') }}
    where location_key is not null
    group by campaign_code, location_key

),

-- What came of it: the outcomes recorded on the campaign's list, of a standing list those of the last 90 days.
worked as (

    select
        outcomes.campaign_code,
        recorded.location_key,
        count(*) as n_contacted,
        count(*) filter (where recorded.is_person_reached) as n_reached,
        count(*) filter (where recorded.outcome = 'scheduled') as n_scheduled
    from {{ ref('stg_caregap__campaign_outcomes') }} as outcomes
    inner join {{ ref('int_engagement__outreach_outcomes') }} as recorded
        on outcomes.outcome_id = recorded.outcome_id
    inner join campaigns
        on outcomes.campaign_code = campaigns.campaign_code
    where recorded.recorded_on >= coalesce(campaigns.starts_on, {{ as_of_on() }} - 90)
    group by outcomes.campaign_code, recorded.location_key

),

final as (

    select
        campaigns.*,
        locations.location_key,
        locations.location_name,
        coalesce(campaigns.site_capacity, {{ outreach_capacity('locations.location_id') }}) as capacity,
        coalesce(members.n_patients, 0) as n_patients,
        coalesce(members.n_listed, 0) as n_listed,
        coalesce(members.n_within_capacity, 0) as n_within_capacity,
        coalesce(members.n_held_out, 0) as n_held_out,
        coalesce(worked.n_contacted, 0) as n_contacted,
        coalesce(worked.n_reached, 0) as n_reached,
        coalesce(worked.n_scheduled, 0) as n_scheduled
    from campaigns
    cross join locations
    left join members
        on campaigns.campaign_code = members.campaign_code and locations.location_key = members.location_key
    left join worked
        on campaigns.campaign_code = worked.campaign_code and locations.location_key = worked.location_key

)

select
    {{ contract_columns() }}
from final
