with

waits as (

    select
        *,
        {{ dbt.datediff('checked_in_at', 'visit_started_at', 'minute') }} as wait_minutes
    from {{ ref('int_activity__appointments') }}
    where final_status = 'completed'

)

select
    {{ kpi_row('starts_on', 'appointment_key') }},
    wait_minutes as numerator,
    1 as denominator
from waits
-- Longer than a working day is a slip of the pen, not a wait.
where wait_minutes between 0 and 600
