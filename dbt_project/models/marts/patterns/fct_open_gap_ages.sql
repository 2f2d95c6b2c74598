with

final as (

    select
        measure_code,
        location_key,
        provider_key,
        case
            when n_days_open <= 30 then '0_to_30_days'
            when n_days_open <= 90 then '31_to_90_days'
            when n_days_open <= 180 then '91_to_180_days'
            when n_days_open <= 365 then '181_to_365_days'
            when n_days_open > 365 then 'over_365_days'
            else 'unknown'
        end as age_band,
        count(*) as n_open_gaps,
        count(*) filter (where is_actionable_today) as n_actionable
    from {{ ref('fct_care_gaps') }}
    where gap_status = 'open'
    group by all

)

select
    {{ contract_columns() }}
from final
