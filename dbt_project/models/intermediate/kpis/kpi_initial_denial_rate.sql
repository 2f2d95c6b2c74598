select
    {{ kpi_slice('first_answered_on') }},
    count(*) filter (where is_initially_denied) as numerator,
    count(*) as denominator
from {{ ref('int_money__claims') }}
where claim_status <> 'void' and first_answered_on is not null
group by all
