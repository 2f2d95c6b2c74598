select
    {{ kpi_row('discharged_on', 'encounter_key') }},
    case when next_admitted_on <= discharged_on + 30 then 1 else 0 end as numerator,
    1 as denominator
from {{ ref('int_activity__discharges') }}
