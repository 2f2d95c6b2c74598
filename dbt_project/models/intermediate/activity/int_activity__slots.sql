with

-- The slot is free again if the patient gave it up, not if the practice did.
appointments as (

    select * from {{ ref('int_activity__appointments') }}
    where provider_key is not null
        and starts_at is not null
        and final_status not in ('entered_in_error', 'requested')
        and cancelled_by is distinct from 'practice'

),

given_up as (

    select
        provider_key,
        starts_at,
        patient_key,
        min(cancelled_at) as given_up_at,
        min_by(appointment_key, (cancelled_at, appointment_key)) as appointment_key
    from appointments
    where final_status = 'cancelled' and cancelled_by = 'patient' and cancelled_at < starts_at
    group by all

),

-- Refilled by another patient: booking the same slot again does not refill it.
refilled as (

    select distinct
        given_up.provider_key,
        given_up.starts_at
    from given_up
    inner join appointments
        on given_up.provider_key = appointments.provider_key
        and given_up.starts_at = appointments.starts_at
        and given_up.patient_key <> appointments.patient_key
        and given_up.given_up_at <= appointments.booked_at
    where appointments.final_status in ('completed', 'no_show', 'booked')

),

free_again as (

    select
        given_up.provider_key,
        given_up.starts_at,
        max(case when refilled.provider_key is not null then 1 else 0 end) = 1 as is_refilled,
        min_by(given_up.appointment_key, (given_up.given_up_at, given_up.appointment_key)) as given_up_appointment_key
    from given_up
    left join refilled
        on given_up.provider_key = refilled.provider_key
        and given_up.starts_at = refilled.starts_at
    group by given_up.provider_key, given_up.starts_at

)

-- The slot finally belongs to the visit, otherwise to the last booking.
{%- set order = "(appointments.final_status = 'completed', coalesce(appointments.booked_at, appointments.starts_at), appointments.appointment_key)" %}

select
    appointments.provider_key,
    appointments.starts_at,
    max_by(appointments.appointment_key, {{ order }}) as appointment_key,
    max_by(appointments.starts_on, {{ order }}) as starts_on,
    max_by(appointments.patient_key, {{ order }}) as patient_key,
    max_by(appointments.location_key, {{ order }}) as location_key,
    max_by(appointments.payer_class, {{ order }}) as payer_class,
    max_by(appointments.patient_segment, {{ order }}) as patient_segment,
    bool_or(appointments.final_status = 'completed') as is_filled,
    bool_or(free_again.provider_key is not null) as is_given_up,
    bool_or(coalesce(free_again.is_refilled, false)) as is_refilled,
    min(free_again.given_up_appointment_key) as given_up_appointment_key
from appointments
left join free_again
    on appointments.provider_key = free_again.provider_key
    and appointments.starts_at = free_again.starts_at
group by appointments.provider_key, appointments.starts_at
