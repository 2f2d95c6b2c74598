with

members as (

    select * from {{ ref('int_outreach__members') }}

)

select
    cast(patient_key as bigint) as patient_key,
    cast(campaign_id as varchar) as campaign_id,
    cast(location_key as bigint) as location_key,
    cast(picked_on as date) as picked_on,
    cast(is_held_out as boolean) as is_held_out,
    cast(contact_channel as varchar) as contact_channel,
    cast(contact_outcome as varchar) as contact_outcome,
    cast(first_visit_on as date) as first_visit_on,
    cast(has_visited as boolean) as has_visited_90_days
from members
