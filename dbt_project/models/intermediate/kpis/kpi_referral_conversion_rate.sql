select
    {{ kpi_slice('created_on') }},
    count(*) filter (where referral_status = 'completed') as numerator,
    count(*) as denominator
from {{ ref('int_engagement__referrals') }}
where direction = 'inbound'
group by all
