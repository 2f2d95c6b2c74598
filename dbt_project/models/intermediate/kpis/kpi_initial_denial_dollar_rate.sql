select
    {{ kpi_row('first_answered_on', 'claim_key') }},
    initially_denied_usd as numerator,
    billed_usd as denominator
from {{ ref('int_money__claims') }}
where claim_status <> 'void' and {{ claims_are_known('first_answered_on') }}
