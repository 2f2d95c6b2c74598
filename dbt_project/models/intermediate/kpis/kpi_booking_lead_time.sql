select
    {{ kpi_slice('starts_on') }},
    sum(lead_time_days) as numerator,
    count(*) as denominator
from {{ ref('int_activity__appointments') }}
where is_due and lead_time_days >= 0
group by all
