select
    {{ kpi_row('window_ends_on', record_type='patient') }},
    case when is_retained then 1 else 0 end as numerator,
    1 as denominator
from {{ ref('int_activity__retention_cohorts') }}
where window_ends_on < {{ as_of_on() }}
