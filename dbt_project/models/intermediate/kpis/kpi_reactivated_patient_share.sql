select
    {{ kpi_slice('month_on') }},
    count(*) filter (where is_reactivated_patient) as numerator,
    count(*) as denominator
from {{ ref('int_activity__visit_months') }}
where month_on >= {{ add_months('history_starts_on', var('active_months')) }}
group by all
