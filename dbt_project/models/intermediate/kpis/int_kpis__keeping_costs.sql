-- What is spent on patients whom the practice has: messages, and the time of staff. Winning new ones is `marketing_spend`.
select
    {{ kpi_row('touched_on', 'touch_key') }},
    cost_usd + cast(staff_minutes as decimal(12, 2)) / 60 * {{ var('staff_usd_per_hour') }} as cost_usd
from {{ ref('int_engagement__touches') }}
where direction = 'outbound' and purpose <> 'acquisition'

union all

select
    {{ kpi_row('completed_on', 'outreach_task_key') }},
    cast(staff_minutes as decimal(12, 2)) / 60 * {{ var('staff_usd_per_hour') }} as cost_usd
from {{ ref('int_engagement__outreach_tasks') }}
where completed_on is not null
