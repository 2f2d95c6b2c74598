{#- A number as text, with its sign: in percentage points if the column `scale` says so. -#}
{% macro said(column) -%}
    printf('%+.2f', {{ column }} * scale)
{%- endmacro %}
