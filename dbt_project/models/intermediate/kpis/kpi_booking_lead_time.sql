select
    {{ kpi_row('starts_on', 'appointment_key') }},
    lead_time_days as numerator,
    1 as denominator
from {{ ref('int_activity__appointments') }}
where is_due and lead_time_days >= 0
