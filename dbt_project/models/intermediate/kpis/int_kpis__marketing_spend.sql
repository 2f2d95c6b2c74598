with

locations as (

    select * from {{ ref('int_activity__named_locations') }}

)

-- Of a site, or of the practice; of no provider, payer or patient.
select
    {{ surrogate_key(['spend.source_system', 'spend.spend_id']) }} as spend_key,
    spend.month_on,
    locations.location_key,
    cast(null as bigint) as provider_key,
    'unknown' as payer_class,
    'unknown' as patient_segment,
    spend.amount_usd
from {{ ref('stg_crm__marketing_spend') }} as spend
left join locations
    on spend.location_id = locations.location_id
where spend.month_on < {{ as_of_on() }}
