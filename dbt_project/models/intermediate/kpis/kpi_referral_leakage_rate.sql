select
    {{ kpi_row('created_on', 'referral_key') }},
    case when referral_status = 'out_of_network' then 1 else 0 end as numerator,
    1 as denominator
from {{ ref('int_engagement__referrals') }}
where direction = 'outbound'
