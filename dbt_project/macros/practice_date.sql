{#- The calendar day of an instant (TIMESTAMPTZ) in the practice's time zone. -#}
{% macro practice_date(instant) -%}
    cast(({{ instant }}) at time zone '{{ var("time_zone") }}' as date)
{%- endmacro %}

{#- The hour, 0 to 23, of an instant in the practice's time zone. -#}
{% macro practice_hour(instant) -%}
    cast(extract(hour from ({{ instant }}) at time zone '{{ var("time_zone") }}') as integer)
{%- endmacro %}

{#- The local time of an instant in the practice's time zone (TIMESTAMP). -#}
{% macro practice_time(instant) -%}
    (({{ instant }}) at time zone '{{ var("time_zone") }}')
{%- endmacro %}
