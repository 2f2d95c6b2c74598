{#- Writes what a build's file has in memory. Only a build changes it. -#}
{% macro checkpoint() -%}
    {%- if target.type == 'duckdb' and flags.WHICH in ('build', 'run', 'seed') -%} checkpoint {{ target.database }} {%- endif -%}
{%- endmacro %}
