with

check_ins as (

    select
        appointment_id,
        min(event_at) as checked_in_online_at
    from {{ ref('int_engagement__portal_events') }}
    where event_type = 'check_in'
    group by appointment_id

),

appointments as (

    select * from {{ ref('int_activity__appointments') }}
    where final_status = 'completed'

)

select
    {{ kpi_row('appointments.starts_on', 'appointment_key') }},
    case
        when check_ins.checked_in_online_at < coalesce(appointments.checked_in_at, appointments.starts_at) then 1
        else 0
    end as numerator,
    1 as denominator
from appointments
left join check_ins
    on appointments.appointment_id = check_ins.appointment_id
