select
    {{ kpi_row('period_end_on', 'care_gap_month_key') }},
    case when is_closed then 1 else 0 end as numerator,
    1 as denominator
from {{ ref('int_kpis__month_end_gaps') }}
