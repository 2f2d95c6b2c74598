with

trials as (

    select * from {{ ref('fct_outreach_trials') }}

)

select
    cast(source_system as varchar) as source_system,
    cast(campaign_id as varchar) as campaign_id,
    cast(patient_key as bigint) as patient_key,
    cast(location_key as bigint) as location_key,
    cast(added_on as date) as picked_on,
    cast(is_held_out as boolean) as is_held_out,
    cast(contact_channel as varchar) as contact_channel,
    cast(contact_outcome as varchar) as contact_outcome,
    cast(first_visit_on as date) as first_visit_on,
    -- Known when 90 days are over, and what happened in them is on record.
    cast(case when is_mature then has_visit_90_days end as boolean) as has_visited_90_days
from trials
