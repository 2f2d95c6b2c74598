with

reminders as (

    select
        appointment_id,
        min(touched_at) as reminded_at
    from {{ ref('int_engagement__touches') }}
    where direction = 'outbound'
        and purpose = 'reminder'
        and {{ has_arrived('outcome') }}
    group by appointment_id

),

appointments as (

    select * from {{ ref('int_activity__appointments') }}
    where is_due

)

select
    {{ kpi_row('appointments.starts_on', 'appointment_key') }},
    case when reminders.reminded_at < appointments.starts_at then 1 else 0 end as numerator,
    1 as denominator
from appointments
left join reminders
    on appointments.appointment_id = reminders.appointment_id
