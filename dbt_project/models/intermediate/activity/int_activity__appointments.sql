with

appointments as (

    select * from {{ ref('stg_ehr__appointments') }}

),

chains as (

    select * from {{ ref('int_activity__rebooking_chains') }}

),

visits as (

    select
        appointments.source_system,
        appointments.appointment_id,
        min(encounters.encounter_id) as encounter_id,
        min(encounters.started_at) as visit_started_at,
        bool_or(encounters.is_telehealth) as is_telehealth,
        max(encounters.recorded_at) as recorded_at
    from {{ ref('stg_ehr__encounters') }} as encounters
    inner join appointments
        on encounters.source_system = appointments.source_system
        and encounters.appointment_id = appointments.booking_id
        and (not appointments.is_shared or encounters.patient_id = appointments.patient_id)
    where encounters.status = 'finished'
    group by appointments.source_system, appointments.appointment_id

),

outcomes as (

    select
        appointments.* exclude (recorded_at),
        -- The outcome may come from the visit, so it is on record when both are.
        greatest(appointments.recorded_at, visits.recorded_at) as recorded_at,
        visits.encounter_id,
        visits.visit_started_at,
        visits.is_telehealth as is_telehealth_visit,
        case
            when appointments.status = 'entered-in-error' then 'entered_in_error'
            when appointments.status in ('fulfilled', 'arrived', 'checked-in') then 'completed'
            when appointments.status = 'noshow' then 'no_show'
            when appointments.status = 'cancelled' then 'cancelled'
            when visits.encounter_id is not null then 'completed'
            -- Asked for, and nobody has booked it yet.
            when appointments.status in ('proposed', 'pending', 'waitlist') then 'requested'
            else 'booked'
        end as final_status
    from appointments
    left join visits
        on appointments.source_system = visits.source_system
        and appointments.appointment_id = visits.appointment_id

),

cancellations as (

    select
        *,
        -- Elapsed hours, not clock hours: they differ on the day of a clock change.
        case
            when final_status <> 'cancelled' or cancelled_by = 'practice' then false
            when cancelled_by = 'patient'
                then cancelled_at > starts_at - interval '{{ var("notice_hours") }}' hour
        end as is_late_cancellation
    from outcomes

)

select
    {{ surrogate_key(['cancellations.source_system', 'cancellations.appointment_id']) }} as appointment_key,
    cancellations.source_system,
    cancellations.appointment_id,
    patients.patient_key,
    providers.provider_key,
    locations.location_key,
    coalesce(patients.payer_class, 'unknown') as payer_class,
    coalesce(patients.patient_segment, 'unknown') as patient_segment,
    cancellations.booked_at,
    cancellations.booked_on,
    cancellations.starts_at,
    cancellations.starts_on,
    cancellations.duration_minutes,
    cancellations.final_status,
    cancellations.cancelled_by,
    cancellations.cancelled_at,
    cancellations.is_late_cancellation,
    coalesce(chains.is_rescheduled, false) as is_rescheduled,
    coalesce(chains.first_appointment_id, cancellations.appointment_id) as first_appointment_id,
    coalesce(chains.last_appointment_id, cancellations.appointment_id) as last_appointment_id,
    coalesce(chains.n_rebookings, 0) as n_rebookings,
    coalesce(last_outcomes.final_status, cancellations.final_status) as chain_final_status,
    {{ dbt.datediff('cancellations.booked_on', 'cancellations.starts_on', 'day') }} as lead_time_days,
    cancellations.booked_via,
    coalesce(cancellations.is_telehealth_visit, cancellations.is_telehealth, false) as is_telehealth,
    cancellations.checked_in_at,
    cancellations.visit_started_at,
    cancellations.encounter_id,
    cancellations.recorded_at,
    -- It was booked when the notice window opened, and its day is past. Without a start no day is known to be past.
    coalesce(
        cancellations.starts_on < {{ as_of_on() }}
        and (cancellations.final_status in ('completed', 'no_show') or coalesce(cancellations.is_late_cancellation, false)),
        false
    ) as is_due
from cancellations
left join chains
    on cancellations.source_system = chains.source_system
    and cancellations.appointment_id = chains.appointment_id
left join outcomes as last_outcomes
    on chains.source_system = last_outcomes.source_system
    and chains.last_appointment_id = last_outcomes.appointment_id
{{ who_and_where('cancellations', 'cancellations.location_id') }}
