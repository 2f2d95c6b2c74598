with rollout as (

    select * from {{ ref('stg_crm__program_rollout') }}

),

locations as (

    select * from {{ ref('int_activity__named_locations') }}

)

select
    {{ surrogate_key(['rollout.source_system', 'rollout.program_name', 'rollout.location_id']) }} as program_key,
    rollout.source_system,
    rollout.program_name,
    rollout.location_id,
    locations.location_key,
    rollout.go_live_on,
    coalesce(rollout.go_live_on <= {{ as_of_on() }}, false) as is_live
from rollout
left join locations using (location_id)
