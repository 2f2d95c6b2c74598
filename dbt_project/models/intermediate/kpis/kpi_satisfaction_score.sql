select
    {{ kpi_slice('answered_on') }},
    sum(cast(100.0 * score / score_maximum as decimal(9, 4))) as numerator,
    count(*) as denominator
from {{ ref('int_engagement__survey_answers') }}
where survey_name = 'satisfaction'
group by all
