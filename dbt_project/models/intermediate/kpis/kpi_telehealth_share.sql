select
    {{ kpi_row('started_on', 'encounter_key') }},
    case when is_telehealth then 1 else 0 end as numerator,
    1 as denominator
from {{ ref('int_activity__encounters') }}
where is_completed_visit
