select
    {{ kpi_slice('answered_on') }},
    100 * (count(*) filter (where score >= 9) - count(*) filter (where score <= 6)) as numerator,
    count(*) as denominator
from {{ ref('int_engagement__survey_answers') }}
where survey_name = 'nps'
group by all
