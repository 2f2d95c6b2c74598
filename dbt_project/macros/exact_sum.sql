{#- A sum of floats that threads cannot change: added up as decimals, since floats come out differently with the order of adding. -#}
{% macro exact_sum(value) -%}
    cast(sum(cast({{ value }} as decimal(28, 12))) as double)
{%- endmacro %}
