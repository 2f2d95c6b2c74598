{#-
    Members assigned to outreach or held out at random, and when. A person with two contacts in one campaign has the assignment of the
    first, because later events may result from it.
-#}
with

members as (

    select * from {{ ref('stg_crm__campaign_members') }}

),

campaigns as (

    select * from {{ ref('stg_crm__campaigns') }}
    where campaign_type in ('recall', 'care_gap', 'reactivation')

),

links as (

    select * from {{ ref('int_identity__patient_links') }}
    where source_record_type = 'crm_contact'

),

picked as (

    select
        members.source_system,
        members.campaign_id,
        campaigns.campaign_name,
        campaigns.campaign_type,
        links.patient_key,
        members.added_at,
        members.added_on,
        coalesce(members.is_held_out, false) as is_held_out
    from members
    inner join campaigns
        on members.source_system = campaigns.source_system and members.campaign_id = campaigns.campaign_id
    inner join links
        on members.source_system = links.source_system and members.contact_id = links.source_id
    qualify row_number() over (
        partition by members.source_system, members.campaign_id, links.patient_key
        order by members.added_at, members.contact_id
    ) = 1

)

-- Both arms are needed for a comparison.
select *
from picked
window same_campaign as (partition by source_system, campaign_id)
qualify bool_or(is_held_out) over same_campaign and bool_or(not is_held_out) over same_campaign
