{#-
    What differs between the engines beyond words. Models and macros are written for DuckDB, and `pipelines/warehouse/spark/` writes them for
    Spark; these say in DuckDB's words what dbt's own macros would say in Spark's.
-#}
{% macro spark__datediff(first_date, second_date, datepart) -%}
    date_diff('{{ datepart }}', {{ first_date }}, {{ second_date }})
{%- endmacro %}

{% macro spark__dateadd(datepart, interval, from_date_or_timestamp) -%}
    ({{ from_date_or_timestamp }} + cast({{ interval }} as bigint) * interval 1 {{ datepart }})
{%- endmacro %}

{% macro spark__escape_single_quotes(expression) -%}
    {{ expression | replace("'", "''") }}
{%- endmacro %}
