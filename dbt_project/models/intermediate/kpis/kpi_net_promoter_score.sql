select
    {{ kpi_row('answered_on', 'survey_answer_key') }},
    case when score >= 9 then 100 when score <= 6 then -100 else 0 end as numerator,
    1 as denominator
from {{ ref('int_engagement__survey_answers') }}
where survey_name = 'nps'
