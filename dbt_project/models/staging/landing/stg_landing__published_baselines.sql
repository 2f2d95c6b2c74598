select
    program_key,
    program_name,
    location_key,
    kpi_code,
    go_live_on,
    first_month_on,
    last_month_on,
    n_months,
    numerator,
    denominator,
    data_cut_on,
    data_hash,
    definition_hash,
    publication_id,
    published_at
from {{ source('raw', 'published_baselines') }}
