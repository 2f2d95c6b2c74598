select
    outcome_id,
    campaign_code
from {{ source('raw', 'caregap_campaign_outcomes') }}
