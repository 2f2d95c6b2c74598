with

-- Collections per active patient, times the months that a patient stays (one by the attrition rate): the active patients cancel out.
attrition as (

    select * from {{ ref('kpi_patient_attrition_rate') }}

),

months as (

    select distinct {{ month_of('day_on') }} as month_on from attrition
    where {{ services_are_known('day_on') }}

)

select
    {{ kpi_row('posted_on', 'payment_key') }},
    amount_usd as numerator,
    0 as denominator
from {{ ref('int_money__movements') }}
where movement_type in ('payer_payment', 'patient_payment')
    and {{ month_of('posted_on') }} in (select month_on from months)

union all

select
    {{ kpi_row('day_on', record_type='patient') }},
    0 as numerator,
    1 as denominator
from attrition
where numerator = 1 and {{ month_of('day_on') }} in (select month_on from months)
