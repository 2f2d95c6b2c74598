with

eligible as (

    select
        *,
        index_at + interval {{ disengagement_horizon_days() }} day as horizon_at
    from {{ ref('int_disengagement__index') }}
    where status = 'eligible'
        and index_on + {{ disengagement_horizon_days() + disengagement_recording_days() }} <= {{ as_of_on() }}

),

visits as (

    select
        eligible.patient_key,
        eligible.index_on,
        min(facts.event_at) as first_visit_at
    from eligible
    inner join {{ ref('int_disengagement__facts') }} as facts
        on eligible.patient_key = facts.patient_key
        and facts.event_at >= eligible.index_at
        and facts.event_at < eligible.horizon_at
    where facts.fact_type = 'visit'
    group by eligible.patient_key, eligible.index_on

),

bookings as (

    select
        eligible.patient_key,
        eligible.index_on,
        count(*) as n_bookings
    from eligible
    inner join {{ ref('int_disengagement__bookings') }} as bookings
        on eligible.patient_key = bookings.patient_key
        and bookings.booked_at < eligible.horizon_at
        and bookings.stands_until_at >= eligible.horizon_at
    group by eligible.patient_key, eligible.index_on

),

contacts as (

    select
        eligible.patient_key,
        eligible.index_on,
        min(attempts.attempted_at) as first_contact_at
    from eligible
    inner join {{ ref('int_outreach__attempts') }} as attempts
        on eligible.patient_key = attempts.patient_key
        and attempts.attempted_at >= eligible.index_at
        and attempts.attempted_at < eligible.horizon_at
    where not attempts.is_held_out
    group by eligible.patient_key, eligible.index_on

),

departures as (

    select * from {{ ref('int_disengagement__departures') }}

)

select
    eligible.patient_key,
    eligible.index_on,
    -- Patients who died or moved away neither stayed nor disengaged.
    case
        when departures.departed_on <= {{ practice_date('eligible.horizon_at') }} then departures.reason
        when visits.first_visit_at is not null then 'visited'
        when bookings.n_bookings is not null then 'booked'
        else 'disengaged'
    end as outcome,
    case
        when departures.departed_on <= {{ practice_date('eligible.horizon_at') }} then cast(null as boolean)
        else visits.first_visit_at is null and bookings.n_bookings is null
    end as is_disengaged,
    {{ practice_date('coalesce(visits.first_visit_at, eligible.horizon_at)') }} as decided_on,
    -- A contact after the first visit changes nothing: the patient has stayed.
    case
        when contacts.first_contact_at <= coalesce(visits.first_visit_at, eligible.horizon_at)
            then {{ practice_date('contacts.first_contact_at') }}
    end as contacted_on
from eligible
left join visits
    on eligible.patient_key = visits.patient_key and eligible.index_on = visits.index_on
left join bookings
    on eligible.patient_key = bookings.patient_key and eligible.index_on = bookings.index_on
left join contacts
    on eligible.patient_key = contacts.patient_key and eligible.index_on = contacts.index_on
left join departures
    on eligible.patient_key = departures.patient_key
