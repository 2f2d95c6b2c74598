select
    {{ kpi_slice('started_on') }},
    count(*) filter (where is_telehealth) as numerator,
    count(*) as denominator
from {{ ref('int_activity__encounters') }}
where is_completed_visit
group by all
