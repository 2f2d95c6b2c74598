{{ config(materialized='view') }}

-- The status of each patient for each gap that care teams work on
select
    gaps.*,
    {{ month_end('gaps.period_end_on') }} = gaps.period_end_on and gaps.period_end_on < {{ as_of_on() }} as is_past_month_end,
    gaps.period_start_on = reporting.period_start_on as is_reporting_year
from {{ ref('int_measures__gaps') }} as gaps
cross join (
    select max(period_start_on) as period_start_on
    from {{ ref('int_measures__periods') }}
    where period_type = 'year'
) as reporting
where gaps.gap_status != 'not_applicable' and {{ is_care_gap('gaps') }}
