with

index_months as (

    select * from {{ ref('int_disengagement__index') }}
    where status not in ('deceased', 'hospice', 'left_practice')

),

attempts as (

    select * from {{ ref('int_outreach__attempts') }}

),

-- Contacted, or held out at random instead: neither is chosen again soon.
chosen_before as (

    select
        index_months.patient_key,
        index_months.index_on,
        max(attempts.attempted_at) as chosen_at
    from index_months
    inner join attempts
        on index_months.patient_key = attempts.patient_key
        and attempts.attempted_at < index_months.index_at
    group by index_months.patient_key, index_months.index_on

),

booked as (

    select distinct
        index_months.patient_key,
        index_months.index_on
    from index_months
    inner join {{ ref('int_disengagement__bookings') }} as bookings
        on index_months.patient_key = bookings.patient_key
        and bookings.booked_at < index_months.index_at
        and bookings.stands_until_at >= index_months.index_at

),

programs as (

    select
        location_key,
        min(go_live_on) as go_live_on
    from {{ ref('int_reference__programs') }}
    group by location_key

)

select
    index_months.patient_key,
    index_months.index_on,
    index_months.overdue_ratio,
    index_months.days_since_visit,
    index_months.n_chronic_conditions,
    booked.patient_key is not null as has_next_appointment,
    {{ dbt.datediff(practice_date('chosen_before.chosen_at'), 'index_months.index_on', 'day') }} as days_since_chosen,
    -- Negative before the site joins.
    {{ dbt.datediff('programs.go_live_on', 'index_months.index_on', 'day') }} as days_on_program
from index_months
left join chosen_before
    on index_months.patient_key = chosen_before.patient_key and index_months.index_on = chosen_before.index_on
left join booked
    on index_months.patient_key = booked.patient_key and index_months.index_on = booked.index_on
left join programs
    on index_months.location_key = programs.location_key
