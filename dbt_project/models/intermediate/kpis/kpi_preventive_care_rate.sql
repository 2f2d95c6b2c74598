select
    {{ kpi_slice('period_end_on') }},
    count(*) filter (where is_closed) as numerator,
    count(*) as denominator
from {{ ref('int_kpis__month_end_gaps') }}
where measure_code in (select measure_code from {{ ref('measure_catalog') }} where is_preventive)
group by all
