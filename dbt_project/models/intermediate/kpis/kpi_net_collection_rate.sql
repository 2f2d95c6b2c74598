with

-- By month of service, whenever it was posted: what was collected is set against what it was owed for.
parts as (

    select
        {{ kpi_slice('service_on') }},
        0 as numerator,
        charge_usd as denominator
    from {{ ref('int_money__charges') }}

    union all

    select
        {{ kpi_slice('coalesce(service_on, posted_on)') }},
        case when movement_type in ('payer_payment', 'patient_payment') then amount_usd else 0 end as numerator,
        case when movement_type = 'contractual_adjustment' then -amount_usd else 0 end as denominator
    from {{ ref('int_money__movements') }}
    where movement_type in ('payer_payment', 'patient_payment', 'contractual_adjustment')

)

select
    month_on,
    location_key,
    provider_key,
    payer_class,
    patient_segment,
    sum(numerator) as numerator,
    sum(denominator) as denominator
from parts
group by all
