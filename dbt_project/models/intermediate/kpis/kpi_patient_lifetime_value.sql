with

-- Collections per active patient, times the months that a patient stays (one by the attrition rate): the active patients cancel out.
lost as (

    select * from {{ ref('kpi_patient_attrition_rate') }}

),

months as (

    select distinct month_on from lost

),

parts as (

    select
        {{ kpi_slice('posted_on') }},
        amount_usd as collected_usd,
        0 as n_lost
    from {{ ref('int_money__movements') }}
    where movement_type in ('payer_payment', 'patient_payment')

    union all

    select
        month_on,
        location_key,
        provider_key,
        payer_class,
        patient_segment,
        0 as collected_usd,
        numerator as n_lost
    from lost

)

select
    month_on,
    location_key,
    provider_key,
    payer_class,
    patient_segment,
    sum(collected_usd) as numerator,
    sum(n_lost) as denominator
from parts
inner join months using (month_on)
group by all
