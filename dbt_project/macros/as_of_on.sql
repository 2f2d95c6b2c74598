{#- The day that all tables look back from. -#}
{% macro as_of_on() -%}
    cast('{{ var("as_of_on") }}' as date)
{%- endmacro %}
