select
    {{ kpi_row('completed_on', 'outreach_task_key') }},
    cast(staff_minutes as decimal(12, 2)) / 60 as numerator,
    0 as denominator
from {{ ref('int_engagement__outreach_tasks') }}
where completed_on is not null

union all

select
    {{ kpi_row('touched_on', 'touch_key') }},
    cast(staff_minutes as decimal(12, 2)) / 60 as numerator,
    0 as denominator
from {{ ref('int_engagement__touches') }}
where direction = 'outbound'

union all

select
    {{ kpi_row(month_end('month_on'), record_type='patient') }},
    0 as numerator,
    -- Weeks of a thousand active patients: hours a week alone would not add up over sites.
    {{ dbt.datediff('month_on', 'least(' ~ add_months('month_on', 1) ~ ', ' ~ as_of_on() ~ ')', 'day') }} / 7000.0 as denominator
from {{ ref('int_activity__patient_months') }}
