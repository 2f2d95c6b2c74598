{#- A number as it is said, with its sign: in points of a hundred where the column `scale` says so. -#}
{% macro said(column) -%}
    printf('%+.2f', {{ column }} * scale)
{%- endmacro %}
