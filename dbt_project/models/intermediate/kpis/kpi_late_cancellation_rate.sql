select
    {{ kpi_slice('starts_on') }},
    count(*) filter (where is_late_cancellation) as numerator,
    count(*) as denominator
from {{ ref('int_activity__appointments') }}
where is_due
group by all
