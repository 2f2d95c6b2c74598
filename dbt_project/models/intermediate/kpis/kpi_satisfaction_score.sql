select
    {{ kpi_row('answered_on', 'survey_answer_key') }},
    cast(100.0 * score / score_maximum as decimal(9, 4)) as numerator,
    1 as denominator
from {{ ref('int_engagement__survey_answers') }}
where survey_name = 'satisfaction'
