select
    source_system,
    campaign_id,
    campaign_name,
    campaign_type,
    channel,
    cost_usd,
    started_on,
    ended_on
from {{ source('raw', 'crm_campaigns') }}
