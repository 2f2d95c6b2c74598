select
    {{ kpi_row('booked_on', 'appointment_key') }},
    case when booked_via in ('online', 'portal') then 1 else 0 end as numerator,
    1 as denominator
from {{ ref('int_activity__appointments') }}
where final_status not in ('entered_in_error', 'requested')
    and booked_via is not null
    and booked_on < {{ as_of_on() }}
