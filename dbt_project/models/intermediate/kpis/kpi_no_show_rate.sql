select
    {{ kpi_slice('starts_on') }},
    count(*) filter (where final_status = 'no_show') as numerator,
    count(*) as denominator
from {{ ref('int_activity__appointments') }}
where is_due
group by all
