select
    {{ kpi_slice('touched_on') }},
    count(*) filter (where is_automated) as numerator,
    count(*) as denominator
from {{ ref('int_engagement__touches') }}
where direction = 'outbound'
group by all
