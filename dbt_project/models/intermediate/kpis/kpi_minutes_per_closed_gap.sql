with

tasks as (

    select * from {{ ref('int_engagement__outreach_tasks') }}
    where reason = 'care_gap' and completed_on is not null

),

gaps as (

    select * from {{ ref('int_kpis__month_end_gaps') }}
    where is_newly_closed

)

select
    {{ kpi_row('completed_on', 'outreach_task_key') }},
    cast(staff_minutes as decimal(12, 2)) as numerator,
    0 as denominator
from tasks

union all

select
    {{ kpi_row('period_end_on', 'care_gap_month_key') }},
    0 as numerator,
    1 as denominator
from gaps
-- Closed after outreach, whoever closed it.
where exists (
    select 1
    from tasks
    where tasks.patient_key = gaps.patient_key
        and tasks.completed_on between gaps.period_end_on - 90 and gaps.period_end_on
)
