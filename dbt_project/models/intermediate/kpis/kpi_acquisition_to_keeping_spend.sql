with

parts as (

    select
        month_on,
        location_key,
        provider_key,
        payer_class,
        patient_segment,
        cost_usd,
        0 as acquisition_usd
    from {{ ref('int_kpis__keeping_costs') }}

    union all

    select
        spend.month_on,
        locations.location_key,
        null as provider_key,
        'unknown' as payer_class,
        'unknown' as patient_segment,
        0 as cost_usd,
        spend.amount_usd as acquisition_usd
    from {{ ref('stg_crm__marketing_spend') }} as spend
    left join {{ ref('int_activity__named_locations') }} as locations
        on spend.location_id = locations.location_id

)

select
    month_on,
    location_key,
    provider_key,
    payer_class,
    patient_segment,
    sum(acquisition_usd) as numerator,
    sum(cost_usd) as denominator
from parts
where month_on < {{ as_of_on() }}
group by all
