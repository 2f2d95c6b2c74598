with locations as (

    select * from {{ ref('stg_ehr__locations') }}

),

organizations as (

    select * from {{ ref('stg_ehr__organizations') }}

),

-- If an EHR exports no Location, its organizations are used as sites
standing_in as (

    select
        source_system,
        organization_id as location_id,
        organization_id,
        organization_name as location_name,
        is_active
    from organizations
    where not is_payer and source_system not in (select source_system from locations)

),

sites as (

    select * from locations
    union all by name
    select * from standing_in

)

select
    {{ surrogate_key(['source_system', 'location_id']) }} as location_key,
    *
from sites
