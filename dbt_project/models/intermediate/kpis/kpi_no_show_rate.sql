select
    {{ kpi_row('starts_on', 'appointment_key') }},
    case when final_status = 'no_show' then 1 else 0 end as numerator,
    1 as denominator
from {{ ref('int_activity__appointments') }}
where is_due
