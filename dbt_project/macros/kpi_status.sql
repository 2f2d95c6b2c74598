{#- A value against another: `better`, `worse`, `unchanged` where they differ by less than the last digit that is shown, `not_comparable`
    where one is missing. Reads `direction` and `last_digit` of the row. -#}
{% macro kpi_change_status(value, other) -%}
    case
        when {{ value }} is null or {{ other }} is null then 'not_comparable'
        when abs({{ value }} - {{ other }}) < last_digit / 2 then 'unchanged'
        when ({{ value }} > {{ other }}) = (direction = 'higher') then 'better'
        else 'worse'
    end
{%- endmacro %}

{#- A value against its target: `met`, on it included, or `missed`; `no_target`, or `not_comparable` where there is no value. -#}
{% macro kpi_target_status(value, target) -%}
    case
        when {{ target }} is null then 'no_target'
        when {{ value }} is null then 'not_comparable'
        when {{ kpi_change_status(value, target) }} = 'worse' then 'missed'
        else 'met'
    end
{%- endmacro %}

{#- It rests on few cases. Reads `scoring` of the row; the cases of a `month_end` KPI are those of its month ends on average, those of a
    `ratio` the records that its numerator adds up: hours of outreach rest on contacts, however many patients there are. -#}
{% macro kpi_is_small(numerator, denominator, n_records) -%}
    coalesce(
        scoring = 'ratio' and {{ n_records }} < {{ var('small_denominator') }}
        or scoring <> 'ratio' and {{ denominator }} < {{ var('small_denominator') }}
        or scoring = 'proportion' and {{ numerator }} < {{ var('small_numerator') }},
        false
    )
{%- endmacro %}
