with

check_ins as (

    select
        named.appointment_key,
        min(events.event_at) as checked_in_online_at
    from {{ ref('int_engagement__portal_events') }} as events
    inner join {{ ref('int_activity__named_appointments') }} as named
        on {{ names_the_appointment('events', 'named') }}
    where events.event_type = 'check_in'
    group by named.appointment_key

),

appointments as (

    select * from {{ ref('int_activity__appointments') }}
    where final_status = 'completed'

)

select
    {{ kpi_row('appointments.starts_on', 'appointment_key', of='appointments') }},
    case
        when check_ins.checked_in_online_at < coalesce(appointments.checked_in_at, appointments.starts_at) then 1
        else 0
    end as numerator,
    1 as denominator
from appointments
left join check_ins
    on appointments.appointment_key = check_ins.appointment_key
