{#- The calendar day of an instant (TIMESTAMPTZ) where the practice is. -#}
{% macro practice_date(instant) -%}
    cast(({{ instant }}) at time zone '{{ var("time_zone") }}' as date)
{%- endmacro %}
