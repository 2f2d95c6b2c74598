select
    {{ kpi_slice('completed_on') }},
    sum(cast(staff_minutes as decimal(12, 2))) as numerator,
    count(*) filter (where is_person_reached) as denominator
from {{ ref('int_engagement__outreach_tasks') }}
where completed_on is not null
group by all
