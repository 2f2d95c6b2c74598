with locations as (

    select * from {{ ref('int_reference__locations') }}

),

go_lives as (

    select
        location_key,
        arg_min(program_name, (go_live_on, program_name)) as program_name,
        min(go_live_on) as program_go_live_on
    from {{ ref('int_reference__programs') }}
    where go_live_on is not null
    group by location_key

),

final as (

    select
        locations.location_key,
        locations.source_system,
        locations.location_id,
        locations.location_name,
        locations.address_line,
        locations.city,
        locations.state,
        locations.postal_code,
        locations.is_active,
        go_lives.program_name,
        go_lives.program_go_live_on
    from locations
    left join go_lives using (location_key)

)

select
    {{ contract_columns() }}
from final
