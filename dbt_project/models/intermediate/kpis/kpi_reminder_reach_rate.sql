with

reminders as (

    select
        appointment_id,
        min(touched_at) as reminded_at
    from {{ ref('int_engagement__touches') }}
    where direction = 'outbound'
        and purpose = 'reminder'
        and outcome not in ('bounced', 'no_answer')
    group by appointment_id

),

appointments as (

    select * from {{ ref('int_activity__appointments') }}
    where is_due

)

select
    {{ kpi_slice('appointments.starts_on') }},
    count(*) filter (where reminders.reminded_at < appointments.starts_at) as numerator,
    count(*) as denominator
from appointments
left join reminders
    on appointments.appointment_id = reminders.appointment_id
group by all
