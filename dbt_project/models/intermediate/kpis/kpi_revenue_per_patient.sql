with

patient_months as (

    select * from {{ ref('int_activity__patient_months') }}

),

movements as (

    select * from {{ ref('int_money__movements') }}

),

seen as (

    select
        {{ kpi_slice('month_on') }},
        0 as collected_usd,
        1 as n_patient_months
    from patient_months

),

-- Collections belong to the patient's month, wherever they were earned; those of patients not seen for a year are kept as they are.
collections as (

    select
        {{ month_of('movements.posted_on') }} as month_on,
        case when patient_months.patient_key is not null then patient_months.location_key else movements.location_key end as location_key,
        case when patient_months.patient_key is not null then patient_months.provider_key else movements.provider_key end as provider_key,
        coalesce(patient_months.payer_class, movements.payer_class) as payer_class,
        coalesce(patient_months.patient_segment, movements.patient_segment) as patient_segment,
        movements.amount_usd as collected_usd,
        0 as n_patient_months
    from movements
    left join patient_months
        on movements.patient_key = patient_months.patient_key
        and {{ month_of('movements.posted_on') }} = patient_months.month_on
    where movements.movement_type in ('payer_payment', 'patient_payment')
        and {{ month_of('movements.posted_on') }} in (select month_on from patient_months)

),

parts as (

    select * from seen
    union all
    select * from collections

)

select
    month_on,
    location_key,
    provider_key,
    payer_class,
    patient_segment,
    sum(collected_usd) as numerator,
    -- A month of a patient is a twelfth of a patient year.
    sum(n_patient_months) / 12.0 as denominator
from parts
group by all
