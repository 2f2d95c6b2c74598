{#-
    The rule of all point-in-time inputs: a fact counts at an index if it happened before it and was on record by then. Event time
    alone leaks: a visit recorded two months late would be used before anybody knew of it.
-#}
{% macro known_at(fact, index) -%}
    {{ fact }}.event_at < {{ index }}.index_at and {{ fact }}.recorded_at <= {{ index }}.index_at
{%- endmacro %}

{#- Months of look-back for counted facts. -#}
{% macro window_months() -%}{{ return([3, 6, 12, 24]) }}{%- endmacro %}

{#- Counts facts of one type in the months before the index, up to `until_month` months before it. -#}
{% macro n_facts(fact_type, months, code=none, until_month=0) -%}
    count(*) filter (
        where facts.fact_type = '{{ fact_type }}'
        {%- if code %} and facts.code = '{{ code }}'{% endif %}
        and facts.event_at >= eligible.months_{{ months }}_at
        {%- if until_month %} and facts.event_at < eligible.months_{{ until_month }}_at{% endif %}
    )
{%- endmacro %}
