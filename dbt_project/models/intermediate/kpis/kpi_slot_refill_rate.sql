select
    {{ kpi_slice('starts_on') }},
    count(*) filter (where is_refilled) as numerator,
    count(*) as denominator
from {{ ref('int_activity__slots') }}
where starts_on < {{ as_of_on() }} and is_given_up
group by all
