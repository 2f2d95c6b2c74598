select
    cast(program_name as varchar) as program_name,
    cast(scenario as varchar) as scenario,
    cast(assumption as varchar) as assumption,
    cast(source as varchar) as source,
    cast(unit as varchar) as unit,
    low,
    central,
    high,
    npv_low_usd,
    npv_central_usd,
    npv_high_usd,
    swing_usd,
    cast(swing_rank as integer) as swing_rank,
    break_even,
    cast(basis as varchar) as basis
from {{ source('ml', 'program_sensitivities') }}
