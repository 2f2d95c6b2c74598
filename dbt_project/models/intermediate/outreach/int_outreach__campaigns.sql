{#- The lists that every practice has, and the campaigns that it has defined and that run on the day of the list. -#}
with

standing as (

    select * from {{ ref('outreach_campaigns') }}

),

defined as (

    select * from {{ ref('stg_caregap__campaigns') }}
    where {{ as_of_on() }} between starts_on and ends_on

)

select
    campaign_code,
    title,
    audience,
    cast(null as varchar) as condition_name,
    cast(null as varchar) as measure_code,
    cast(null as integer) as no_visit_months,
    why,
    next_action,
    rule,
    cast(null as varchar) as channel,
    cast(null as integer) as site_capacity,
    0.0 as holdout_share,
    cast(null as date) as starts_on,
    cast(null as date) as ends_on,
    cast(null as varchar) as defined_by
from standing
union all
select
    campaign_code,
    title,
    audience,
    condition_name,
    measure_code,
    no_visit_months,
    why,
    'Offer a visit' as next_action,
    {{ campaign_rule() }} as rule,
    channel,
    site_capacity,
    holdout_share,
    starts_on,
    ends_on,
    defined_by
from defined
