select
    {{ kpi_row('last_visit_on', record_type='patient') }},
    case when is_new_patient then 1 else 0 end as numerator,
    1 as denominator
from {{ ref('int_activity__visit_months') }}
where month_on >= {{ add_months('history_starts_on', var('active_months')) }}
