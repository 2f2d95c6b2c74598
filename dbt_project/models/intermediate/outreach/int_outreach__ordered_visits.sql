{#- Who was asked back by a clinician, and neither came nor booked. A visit within 30 days of the day asked for counts as the one ordered. -#}
with

orders as (

    select * from {{ ref('int_disengagement__follow_up_orders') }}
    where
        order_status = 'active'
        and due_on between {{ as_of_on() }} - 180 and {{ as_of_on() }} + 14

),

visit_days as (

    select * from {{ ref('int_activity__visit_days') }}

),

unmet as (

    select orders.*
    from orders
    left join visit_days
        on
            orders.patient_key = visit_days.patient_key
            and visit_days.visit_on > orders.authored_on
            and visit_days.visit_on >= orders.due_on - 30
    where visit_days.patient_key is null

),

visits as (

    select * from {{ ref('int_patients__visits') }}

)

select
    unmet.patient_key,
    'follow-up visit ordered on ' || cast(unmet.authored_on as varchar) || ' for ' || cast(unmet.due_on as varchar)
    || ', no visit booked' as finding,
    unmet.due_on
from unmet
left join visits
    on unmet.patient_key = visits.patient_key
where visits.next_appointment_at is null
-- The order that has waited longest.
qualify row_number() over (
    partition by unmet.patient_key
    order by unmet.due_on, unmet.authored_on, unmet.source_system, unmet.service_request_id
) = 1
