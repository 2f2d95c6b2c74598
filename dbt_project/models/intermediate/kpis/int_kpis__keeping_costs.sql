-- What is spent on patients whom the practice has: messages, and the time of staff. Winning new ones is `marketing_spend`.
select
    'touch' as work_type,
    {{ kpi_slice('touched_on') }},
    sum(cost_usd + cast(staff_minutes as decimal(12, 2)) / 60 * {{ var('staff_usd_per_hour') }}) as cost_usd
from {{ ref('int_engagement__touches') }}
where direction = 'outbound' and purpose <> 'acquisition'
group by all

union all

select
    'task' as work_type,
    {{ kpi_slice('completed_on') }},
    sum(cast(staff_minutes as decimal(12, 2)) / 60 * {{ var('staff_usd_per_hour') }}) as cost_usd
from {{ ref('int_engagement__outreach_tasks') }}
where completed_on is not null
group by all
