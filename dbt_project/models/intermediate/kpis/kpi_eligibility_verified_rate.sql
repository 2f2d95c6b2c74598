with

-- An answer of the payer counts, whatever it says; an error is none.
checks as (

    select
        appointment_id,
        min(checked_at) as first_answered_at
    from {{ ref('stg_billing__eligibility_checks') }}
    where result in ('active', 'inactive')
    group by appointment_id

),

appointments as (

    select * from {{ ref('int_activity__appointments') }}
    where final_status = 'completed' and payer_class <> 'self_pay'

)

select
    {{ kpi_row('appointments.starts_on', 'appointment_key') }},
    case when checks.first_answered_at < appointments.starts_at then 1 else 0 end as numerator,
    1 as denominator
from appointments
left join checks
    on appointments.appointment_id = checks.appointment_id
