{#-
    The prediction time of each appointment: when its reminder goes out, two days ahead, or at the booking if that is later. For an
    appointment whose reminder is still to come, it is today.
-#}
with

bookings as (

    select * from {{ ref('int_disengagement__bookings') }}

),

appointments as (

    select * from {{ ref('int_activity__appointments') }}

),

predictions as (

    select
        bookings.appointment_key,
        bookings.patient_key,
        appointments.location_key,
        appointments.provider_key,
        bookings.booked_at,
        bookings.starts_at,
        bookings.stands_until_at,
        appointments.duration_minutes,
        appointments.final_status,
        least(
            greatest(bookings.starts_at - interval {{ no_show_reminder_hours() }} hour, bookings.booked_at),
            {{ practice_midnight(as_of_on()) }}
        ) as predicted_at
    from bookings
    inner join appointments
        on bookings.appointment_key = appointments.appointment_key

)

select
    * exclude (stands_until_at, final_status),
    predicted_at - interval 365 day as from_12_months_at,
    predicted_at - interval 91 day as from_3_months_at,
    -- An appointment cancelled after its reminder was neither kept nor missed.
    case
        when starts_at + interval {{ no_show_outcome_days() }} day > {{ practice_midnight(as_of_on()) }} then cast(null as boolean)
        when final_status = 'no_show' then true
        when final_status = 'completed' then false
    end as is_no_show,
    starts_at >= {{ practice_midnight(as_of_on()) }} and final_status = 'booked' as is_ahead
from predictions
where booked_at <= predicted_at
    and stands_until_at > predicted_at
    and starts_at >= {{ practice_midnight(add_months(as_of_on(), -24)) }}
