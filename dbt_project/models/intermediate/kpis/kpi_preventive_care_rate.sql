select
    {{ kpi_slice('period_end_on') }},
    count(*) filter (where is_closed) as numerator,
    count(*) as denominator
from {{ ref('int_kpis__month_end_gaps') }}
-- Screening and immunisation; the others watch over a disease.
where measure_code in (
    'CMS2', 'CMS69', 'CMS117', 'CMS124', 'CMS125', 'CMS130', 'CMS138', 'CMS139', 'CMS153', 'CMS155', 'CMS349'
)
group by all
