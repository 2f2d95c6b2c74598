with

parts as (

    select
        {{ kpi_slice('posted_on') }},
        0 as denial_usd,
        charge_usd as revenue_usd
    from {{ ref('int_money__charges') }}

    union all

    select
        {{ kpi_slice('posted_on') }},
        case when movement_type = 'write_off' then amount_usd else 0 end as denial_usd,
        case when movement_type = 'contractual_adjustment' then -amount_usd else 0 end as revenue_usd
    from {{ ref('int_money__movements') }}
    where movement_type = 'contractual_adjustment'
        or (movement_type = 'write_off' and reason in ('denial', 'timely_filing'))

)

select
    month_on,
    location_key,
    provider_key,
    payer_class,
    patient_segment,
    sum(denial_usd) as numerator,
    sum(revenue_usd) as denominator
from parts
group by all
