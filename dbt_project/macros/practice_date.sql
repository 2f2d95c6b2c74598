{#- The calendar day of an instant (TIMESTAMPTZ) where the practice is. -#}
{% macro practice_date(instant) -%}
    cast(({{ instant }}) at time zone '{{ var("time_zone") }}' as date)
{%- endmacro %}

{#- The hour, 0 to 23, of an instant where the practice is. -#}
{% macro practice_hour(instant) -%}
    cast(extract(hour from ({{ instant }}) at time zone '{{ var("time_zone") }}') as integer)
{%- endmacro %}

{#- What the practice's clock shows at an instant (TIMESTAMP). -#}
{% macro practice_time(instant) -%}
    (({{ instant }}) at time zone '{{ var("time_zone") }}')
{%- endmacro %}
