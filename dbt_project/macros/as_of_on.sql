{#- The day that every table looks back from. -#}
{% macro as_of_on() -%}
    cast('{{ var("as_of_on") }}' as date)
{%- endmacro %}
