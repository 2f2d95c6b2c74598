{#-
    One CG-CAHPS composite as a KPI: answers in the top box ÷ answers. The top box is the best answer (`always`, `yes, definitely`);
    of a rating from 0 to 10 it is 9 and 10. (AHRQ, CAHPS Analysis Program and CG-CAHPS Database reporting.)
-#}
{% macro cahps_top_box(composite) -%}
select
    {{ kpi_row('answered_on', 'survey_answer_key') }},
    case when score >= case when score_maximum = 10 then 9 else score_maximum end then 1 else 0 end as numerator,
    1 as denominator
from {{ ref('int_engagement__survey_answers') }}
where survey_name = 'cg_cahps' and composite = '{{ composite }}'
{%- endmacro %}
