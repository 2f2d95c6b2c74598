with

entries as (

    {{ monthly_costs('stg_billing__collection_costs', 'cost_id') }}

),

costs as (

    select * from entries
    where {{ services_are_known('month_on') }}

)

select
    {{ kpi_row('month_on', 'spend_key', patient='null') }},
    amount_usd as numerator,
    0 as denominator
from costs

union all

-- Payments of months whose costs are known.
select
    {{ kpi_row('posted_on', 'payment_key') }},
    0 as numerator,
    amount_usd as denominator
from {{ ref('int_money__movements') }}
where movement_type in ('payer_payment', 'patient_payment')
    and {{ month_of('posted_on') }} in (select month_on from costs)
