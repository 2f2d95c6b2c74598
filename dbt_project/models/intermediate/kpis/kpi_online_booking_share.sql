select
    {{ kpi_slice('booked_on') }},
    count(*) filter (where booked_via in ('online', 'portal')) as numerator,
    count(*) as denominator
from {{ ref('int_activity__appointments') }}
where final_status <> 'entered_in_error'
    and booked_via is not null
    and booked_on < {{ as_of_on() }}
group by all
