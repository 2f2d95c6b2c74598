select
    {{ kpi_row('completed_on', 'outreach_task_key') }},
    cast(staff_minutes as decimal(12, 2)) as numerator,
    case when outcome = 'scheduled' then 1 else 0 end as denominator
from {{ ref('int_engagement__outreach_tasks') }}
where completed_on is not null
