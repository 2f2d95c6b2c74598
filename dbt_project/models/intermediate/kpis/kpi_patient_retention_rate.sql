select
    {{ kpi_slice('window_ends_on') }},
    count(*) filter (where is_retained) as numerator,
    count(*) as denominator
from {{ ref('int_activity__retention_cohorts') }}
where window_ends_on < {{ as_of_on() }}
group by all
