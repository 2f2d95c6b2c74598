{#- Claims that the payer's first answer denied for one reason ÷ claims first answered: over the reasons it adds up to the initial denial rate. -#}
{% macro denied_for(reasons) -%}
select
    {{ kpi_slice('first_answered_on') }},
    count(*) filter (where is_initially_denied and initial_denial_reason in ('{{ reasons | join("', '") }}')) as numerator,
    count(*) as denominator
from {{ ref('int_money__claims') }}
where claim_status <> 'void' and first_answered_on is not null
group by all
{%- endmacro %}
