select
    {{ kpi_row('first_answered_on', 'claim_key') }},
    case when is_initially_denied then 1 else 0 end as numerator,
    1 as denominator
from {{ ref('int_money__claims') }}
where claim_status <> 'void' and {{ claims_are_known('first_answered_on') }}
