with

costs as (

    select
        {{ surrogate_key(['costs.source_system', 'costs.cost_id']) }} as spend_key,
        costs.month_on,
        locations.location_key,
        cast(null as bigint) as provider_key,
        'unknown' as payer_class,
        'unknown' as patient_segment,
        costs.amount_usd
    from {{ ref('stg_billing__collection_costs') }} as costs
    left join {{ ref('int_activity__named_locations') }} as locations
        on costs.location_id = locations.location_id

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
