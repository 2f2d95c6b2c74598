with

costs as (

    select * from {{ ref('stg_crm__program_costs') }}

),

locations as (

    select * from {{ ref('int_activity__named_locations') }}

)

select
    cast(costs.source_system as varchar) as source_system,
    cast(costs.cost_id as varchar) as cost_id,
    cast(costs.program_name as varchar) as program_name,
    cast(locations.location_key as bigint) as location_key,
    cast(costs.category as varchar) as category,
    costs.month_on,
    cast(costs.amount_usd as decimal(14, 2)) as amount_usd
from costs
left join locations
    on costs.location_id = locations.location_id
