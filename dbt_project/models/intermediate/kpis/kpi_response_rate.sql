select
    {{ kpi_slice('touched_on') }},
    count(*) filter (where outcome in ('replied', 'confirmed', 'booked')) as numerator,
    count(*) as denominator
from {{ ref('int_engagement__touches') }}
where direction = 'outbound' and outcome <> 'bounced'
group by all
