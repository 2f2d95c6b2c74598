with

postings as (

    select
        service_on,
        posted_on,
        location_key,
        payer_class,
        'charge' as flow,
        charge_usd as amount_usd
    from {{ ref('int_money__charges') }}

    union all

    select
        coalesce(service_on, posted_on) as service_on,
        posted_on,
        location_key,
        payer_class,
        movement_type as flow,
        amount_usd
    from {{ ref('int_money__movements') }}

),

based as (

    select 'service' as basis, {{ month_of('service_on') }} as month_on, location_key, payer_class, flow, amount_usd
    from postings

    union all

    select 'posting' as basis, {{ month_of('posted_on') }} as month_on, location_key, payer_class, flow, amount_usd
    from postings

),

final as (

    select
        basis,
        month_on,
        location_key,
        payer_class,
        flow,
        sum(amount_usd) as amount_usd
    from based
    group by all

)

select
    {{ contract_columns() }}
from final
