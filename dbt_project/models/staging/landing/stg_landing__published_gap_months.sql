select
    measure_code,
    group_id,
    patient_key,
    month_end_on,
    gap_status,
    measure_version,
    publication_id,
    published_at
from {{ source('raw', 'published_gap_months') }}
