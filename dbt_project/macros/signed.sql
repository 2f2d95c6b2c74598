{#- A number as text, with its sign: in percentage points if the column `scale` says so. -#}
{% macro signed(column) -%}
    printf('%+.2f', {{ column }} * scale)
{%- endmacro %}
