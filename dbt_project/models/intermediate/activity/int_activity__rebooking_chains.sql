with recursive

appointments as (

    select * from {{ ref('stg_ehr__appointments') }}
    where status <> 'entered-in-error'

),

links as (

    select
        later.source_system,
        later.appointment_id,
        earlier.appointment_id as rebooked_from_appointment_id
    from appointments as later
    inner join appointments as earlier
        on later.source_system = earlier.source_system
        and later.rebooked_from_appointment_id = earlier.appointment_id

),

-- Appointments that reference each other in a circle have no first one and are left out.
steps as (

    select
        appointments.source_system,
        appointments.appointment_id,
        appointments.appointment_id as first_appointment_id,
        appointments.booked_at as first_booked_at,
        0 as n_rebookings
    from appointments
    left join links
        on appointments.source_system = links.source_system
        and appointments.appointment_id = links.appointment_id
    where links.appointment_id is null

    union all

    select
        links.source_system,
        links.appointment_id,
        steps.first_appointment_id,
        steps.first_booked_at,
        steps.n_rebookings + 1 as n_rebookings
    from steps
    inner join links
        on steps.source_system = links.source_system
        and steps.appointment_id = links.rebooked_from_appointment_id

),

successors as (

    select distinct
        source_system,
        rebooked_from_appointment_id as appointment_id
    from links

)

select
    steps.source_system,
    steps.appointment_id,
    steps.first_appointment_id,
    steps.first_booked_at,
    steps.n_rebookings,
    successors.appointment_id is not null as is_rescheduled,
    first_value(steps.appointment_id) over (
        partition by steps.source_system, steps.first_appointment_id
        order by steps.n_rebookings desc, appointments.booked_at desc, steps.appointment_id
    ) as last_appointment_id
from steps
inner join appointments
    on steps.source_system = appointments.source_system
    and steps.appointment_id = appointments.appointment_id
left join successors
    on steps.source_system = successors.source_system
    and steps.appointment_id = successors.appointment_id
