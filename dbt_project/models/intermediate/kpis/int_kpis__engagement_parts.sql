{{ config(materialized="table") }}

{#- A part holds for the month of its fact and eleven more. -#}
{%- set held_months = 12 -%}

with

active_patients as (

    select * from {{ ref('int_activity__patient_months') }}

),

months as (

    select
        month_on,
        least({{ month_end('month_on') }}, {{ as_of_on() }} - 1) as ends_on
    from ({{ month_spine() }}) as spine

),

facts as (

    select patient_key, 'portal' as part, {{ month_of('event_on') }} as month_on
    from {{ ref('int_engagement__portal_events') }}
    where event_type not in ('offered', 'activated')
    group by all

    union all

    select patient_key, 'response' as part, {{ month_of('touched_on') }} as month_on
    from {{ ref('int_engagement__touches') }}
    where direction = 'inbound' or {{ is_response('outcome') }}
    group by all

),

-- Until the next fact of the kind, at most: so a month is held once.
held as (

    select
        patient_key,
        part,
        month_on as from_month_on,
        least(
            {{ add_months('month_on', held_months - 1) }},
            coalesce({{ add_months('lead(month_on) over (partition by patient_key, part order by month_on)', -1) }}, date '9999-12-01')
        ) as last_month_on
    from facts

),

held_months as (

    select
        held.patient_key,
        months.month_on,
        bool_or(held.part = 'portal') as has_used_portal,
        bool_or(held.part = 'response') as has_responded
    from held
    inner join months
        on months.month_on between held.from_month_on and held.last_month_on
    group by all

),

-- On the books at the month's end, as it was known then.
booked_months as (

    select distinct
        appointments.patient_key,
        months.month_on
    from {{ ref('int_activity__appointments') }} as appointments
    inner join months
        on months.ends_on >= appointments.booked_on
        and months.ends_on < appointments.starts_on
    where appointments.final_status not in ('entered_in_error', 'requested')
        and coalesce({{ practice_date('appointments.cancelled_at') }} > months.ends_on, appointments.final_status <> 'cancelled')

)

select
    active_patients.patient_key,
    active_patients.month_on,
    active_patients.location_key,
    active_patients.provider_key,
    active_patients.payer_class,
    active_patients.patient_segment,
    case when active_patients.months_since_visit < {{ held_months }} then 25 else 0 end as visit_points,
    case when booked_months.patient_key is not null then 25 else 0 end as booking_points,
    case when held_months.has_used_portal then 25 else 0 end as portal_points,
    case when held_months.has_responded then 25 else 0 end as response_points
from active_patients
left join held_months
    on active_patients.patient_key = held_months.patient_key
    and active_patients.month_on = held_months.month_on
left join booked_months
    on active_patients.patient_key = booked_months.patient_key
    and active_patients.month_on = booked_months.month_on
