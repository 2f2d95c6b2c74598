select
    {{ kpi_slice('first_answered_on') }},
    sum(initially_denied_usd) as numerator,
    sum(billed_usd) as denominator
from {{ ref('int_money__claims') }}
where claim_status <> 'void' and first_answered_on is not null
group by all
