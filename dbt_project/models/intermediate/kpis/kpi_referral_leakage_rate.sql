select
    {{ kpi_slice('created_on') }},
    count(*) filter (where referral_status = 'out_of_network') as numerator,
    count(*) as denominator
from {{ ref('int_engagement__referrals') }}
where direction = 'outbound'
group by all
