select
    {{ kpi_slice('touched_on') }},
    count(*) filter (where outcome = 'opted_out') as numerator,
    count(*) as denominator
from {{ ref('int_engagement__touches') }}
where direction = 'outbound' and outcome <> 'bounced'
group by all
