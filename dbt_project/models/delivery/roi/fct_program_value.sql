select
    cast(program_name as varchar) as program_name,
    cast(scenario as varchar) as scenario,
    cast(kind as varchar) as kind,
    cast(category as varchar) as category,
    cast(year as integer) as year,
    amount_p5_usd,
    amount_p50_usd,
    amount_p95_usd,
    amount_mean_usd,
    cast(is_counted as boolean) as is_counted,
    cast(is_projected as boolean) as is_projected,
    cast(basis as varchar) as basis,
    cast(traced_by as varchar) as traced_by
from {{ source('ml', 'program_values') }}
