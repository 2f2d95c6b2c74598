with

parts as (

    select
        {{ kpi_slice('started_on') }},
        0 as collected_usd,
        1 as n_visits
    from {{ ref('int_activity__encounters') }}
    where is_completed_visit

    union all

    select
        {{ kpi_slice('coalesce(service_on, posted_on)') }},
        amount_usd as collected_usd,
        0 as n_visits
    from {{ ref('int_money__movements') }}
    where movement_type in ('payer_payment', 'patient_payment')

)

select
    month_on,
    location_key,
    provider_key,
    payer_class,
    patient_segment,
    sum(collected_usd) as numerator,
    sum(n_visits) as denominator
from parts
group by all
