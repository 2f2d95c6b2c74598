select
    {{ kpi_slice('discharged_on') }},
    count(*) filter (where next_admitted_on <= discharged_on + 30) as numerator,
    count(*) as denominator
from {{ ref('int_activity__discharges') }}
group by all
