with

accounts as (

    select * from {{ ref('int_activity__source_patients') }}
    where source_record_type = 'billing_account'

),

asked as (

    select
        checks.*,
        accounts.patient_key
    from {{ ref('stg_billing__eligibility_checks') }} as checks
    left join accounts
        on checks.source_system = accounts.source_system
        and checks.account_id = accounts.source_id

),

-- An answer of the payer counts, whatever it says; an error is none.
checks as (

    select
        named.appointment_key,
        min(asked.checked_at) as first_answered_at
    from asked
    inner join {{ ref('int_activity__named_appointments') }} as named
        on {{ names_the_appointment('asked', 'named') }}
    where asked.result in ('active', 'inactive')
    group by named.appointment_key

),

appointments as (

    select * from {{ ref('int_activity__appointments') }}
    where final_status = 'completed' and payer_class <> 'self_pay'

)

select
    {{ kpi_row('appointments.starts_on', 'appointment_key', of='appointments') }},
    case when checks.first_answered_at < appointments.starts_at then 1 else 0 end as numerator,
    1 as denominator
from appointments
left join checks
    on appointments.appointment_key = checks.appointment_key
