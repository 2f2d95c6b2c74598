with practitioners as (

    select * from {{ ref('stg_ehr__practitioners') }}

),

-- The current role, otherwise the one that ended last
roles as (

    select * from {{ ref('stg_ehr__practitioner_roles') }}
    qualify row_number() over (
        partition by source_system, practitioner_id
        order by coalesce(ended_on, date '9999-12-31') desc, is_active desc, started_on desc nulls last, practitioner_role_id
    ) = 1

),

locations as (

    select * from {{ ref('int_reference__locations') }}

)

select
    {{ surrogate_key(['practitioners.source_system', 'practitioners.practitioner_id']) }} as provider_key,
    practitioners.source_system,
    practitioners.practitioner_id,
    practitioners.npi,
    practitioners.first_name,
    practitioners.last_name,
    roles.specialty,
    locations.location_key,
    roles.started_on,
    roles.ended_on,
    practitioners.is_active
    and coalesce(roles.is_active, true)
    and coalesce(roles.ended_on >= {{ as_of_on() }}, true) as is_active
from practitioners
left join roles using (source_system, practitioner_id)
left join locations
    on practitioners.source_system = locations.source_system
    and coalesce(roles.location_id, roles.organization_id) = locations.location_id
