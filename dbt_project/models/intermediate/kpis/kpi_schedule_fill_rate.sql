select
    {{ kpi_row('starts_on', 'appointment_key') }},
    case when is_filled then 1 else 0 end as numerator,
    1 as denominator
from {{ ref('int_activity__slots') }}
where starts_on < {{ as_of_on() }}
