with

costs as (

    select * from {{ ref('stg_crm__program_costs') }}

),

locations as (

    select * from {{ ref('int_activity__named_locations') }}

),

final as (

    select
        costs.source_system,
        costs.cost_id,
        costs.program_name,
        locations.location_key,
        costs.category,
        costs.month_on,
        costs.amount_usd
    from costs
    left join locations
        on costs.location_id = locations.location_id

)

select
    {{ contract_columns() }}
from final
