select
    cast(measure_code as varchar) as measure_code,
    cast(location_key as bigint) as location_key,
    cast(provider_key as bigint) as provider_key,
    case
        when n_days_open <= 30 then '0_to_30_days'
        when n_days_open <= 90 then '31_to_90_days'
        when n_days_open <= 180 then '91_to_180_days'
        when n_days_open <= 365 then '181_to_365_days'
        when n_days_open > 365 then 'over_365_days'
        else 'unknown'
    end as age_band,
    cast(count(*) as bigint) as n_open_gaps,
    cast(count(*) filter (where is_actionable_today) as bigint) as n_actionable
from {{ ref('fct_care_gaps') }}
where gap_status = 'open'
group by all
