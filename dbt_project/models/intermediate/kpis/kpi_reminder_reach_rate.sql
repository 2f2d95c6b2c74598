with

reminders as (

    select
        named.appointment_key,
        min(touches.touched_at) as reminded_at
    from {{ ref('int_engagement__touches') }} as touches
    inner join {{ ref('int_activity__named_appointments') }} as named
        on {{ names_the_appointment('touches', 'named') }}
    where touches.direction = 'outbound'
        and touches.purpose = 'reminder'
        and {{ has_arrived('touches.outcome') }}
    group by named.appointment_key

),

appointments as (

    select * from {{ ref('int_activity__appointments') }}
    where is_due

)

select
    {{ kpi_row('appointments.starts_on', 'appointment_key', of='appointments') }},
    case when reminders.reminded_at < appointments.starts_at then 1 else 0 end as numerator,
    1 as denominator
from appointments
left join reminders
    on appointments.appointment_key = reminders.appointment_key
