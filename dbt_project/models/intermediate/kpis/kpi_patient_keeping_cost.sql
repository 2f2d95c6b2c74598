with

parts as (

    select
        month_on,
        location_key,
        provider_key,
        payer_class,
        patient_segment,
        cost_usd,
        0 as n_patients
    from {{ ref('int_kpis__keeping_costs') }}

    union all

    select
        {{ kpi_slice('month_on') }},
        0 as cost_usd,
        count(*) as n_patients
    from {{ ref('int_activity__patient_months') }}
    group by all

)

select
    month_on,
    location_key,
    provider_key,
    payer_class,
    patient_segment,
    sum(cost_usd) as numerator,
    -- A month of a patient is a twelfth of a patient year.
    sum(n_patients) / 12.0 as denominator
from parts
where month_on < {{ as_of_on() }}
group by all
