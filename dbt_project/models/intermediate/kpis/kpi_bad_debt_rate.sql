with

parts as (

    select
        {{ kpi_slice('posted_on') }},
        0 as bad_debt_usd,
        charge_usd
    from {{ ref('int_money__charges') }}

    union all

    select
        {{ kpi_slice('posted_on') }},
        amount_usd as bad_debt_usd,
        0 as charge_usd
    from {{ ref('int_money__movements') }}
    where movement_type = 'write_off' and reason = 'bad_debt'

)

select
    month_on,
    location_key,
    provider_key,
    payer_class,
    patient_segment,
    sum(bad_debt_usd) as numerator,
    sum(charge_usd) as denominator
from parts
group by all
