with

-- The slot is free again if the patient gave it up, not if the practice did.
appointments as (

    select * from {{ ref('int_activity__appointments') }}
    where provider_key is not null
        and starts_at is not null
        and final_status <> 'entered_in_error'
        and cancelled_by is distinct from 'practice'

),

given_up as (

    select
        provider_key,
        starts_at,
        min(cancelled_at) as given_up_at
    from appointments
    where final_status = 'cancelled' and cancelled_by = 'patient' and cancelled_at < starts_at
    group by all

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
    bool_or(given_up.given_up_at is not null) as is_given_up,
    bool_or(
        coalesce(appointments.booked_at >= given_up.given_up_at, false) and appointments.final_status in ('completed', 'no_show', 'booked')
    ) as is_refilled
from appointments
left join given_up
    on appointments.provider_key = given_up.provider_key
    and appointments.starts_at = given_up.starts_at
group by appointments.provider_key, appointments.starts_at
