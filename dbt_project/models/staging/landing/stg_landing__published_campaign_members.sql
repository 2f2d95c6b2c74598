select
    campaign_code,
    title,
    audience,
    measure_code,
    patient_key,
    added_on,
    is_held_out,
    publication_id,
    published_at
from {{ source('raw', 'published_campaign_members') }}
