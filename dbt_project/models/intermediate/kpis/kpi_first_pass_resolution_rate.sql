select
    {{ kpi_slice('first_submitted_on') }},
    count(*) filter (where is_resolved_at_first_pass) as numerator,
    count(*) as denominator
from {{ ref('int_money__claims') }}
where claim_status <> 'void' and first_submitted_on is not null
group by all
