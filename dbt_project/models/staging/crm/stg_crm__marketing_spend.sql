select
    source_system,
    spend_id,
    location_id,
    lead_source,
    cast(date_trunc('month', month_on) as date) as month_on,
    amount_usd
from {{ source('raw', 'crm_marketing_spend') }}
