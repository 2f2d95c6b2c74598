with

lapsed as (

    select * from {{ ref('int_disengagement__index') }}
    where status = 'lapsed'
        and index_on = {{ month_of(as_of_on()) }}

),

booked as (

    select distinct lapsed.patient_key
    from lapsed
    inner join {{ ref('int_disengagement__bookings') }} as bookings
        on lapsed.patient_key = bookings.patient_key
        and bookings.booked_at < lapsed.index_at
        and bookings.stands_until_at >= lapsed.index_at

)

select
    lapsed.patient_key,
    lapsed.index_on,
    lapsed.location_key,
    lapsed.last_visit_on,
    lapsed.days_since_visit,
    lapsed.expected_interval_days,
    lapsed.overdue_ratio,
    -- Recently lapsed patients come back most easily.
    row_number() over (partition by lapsed.location_key order by lapsed.overdue_ratio, lapsed.patient_key) as site_rank
from lapsed
left join booked
    on lapsed.patient_key = booked.patient_key
where booked.patient_key is null
