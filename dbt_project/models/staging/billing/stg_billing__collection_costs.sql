select
    source_system,
    cost_id,
    location_id,
    category,
    cast(date_trunc('month', month_on) as date) as month_on,
    amount_usd
from {{ source('raw', 'billing_collection_costs') }}
