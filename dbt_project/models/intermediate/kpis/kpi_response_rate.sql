select
    {{ kpi_row('touched_on', 'touch_key') }},
    case when {{ is_response('outcome') }} then 1 else 0 end as numerator,
    1 as denominator
from {{ ref('int_engagement__touches') }}
where direction = 'outbound' and {{ has_arrived('outcome') }}
