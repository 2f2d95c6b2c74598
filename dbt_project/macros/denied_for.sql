{#- Claims that the payer's first answer denied for one reason ÷ claims first answered: over the reasons it adds up to the initial denial rate. -#}
{% macro denied_for(reasons) -%}
select
    {{ kpi_row('first_answered_on', 'claim_key') }},
    case when is_initially_denied and initial_denial_reason in ('{{ reasons | join("', '") }}') then 1 else 0 end as numerator,
    1 as denominator
from {{ ref('int_money__claims') }}
where claim_status <> 'void' and {{ claims_are_known('first_answered_on') }}
{%- endmacro %}
