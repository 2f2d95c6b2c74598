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

{#- Spark's own jaro_winkler_similarity also raises values below 0.7 for a common beginning, and its lambdas take no function of ours. -#}
{% macro spark__best_name_similarity(left, right) -%}
    best_name_similarity({{ left }}, {{ right }})
{%- endmacro %}

{#- A session has no tables of an earlier one. The types of a contract are cast in the query, and its required fields are kept by the build's file. -#}
{% macro spark__making(relation) -%}
    create {{ relation.type }} {{ relation }} as ({{ compiled_code }})
{%- endmacro %}

{% materialization table, adapter='spark' %}
    {{ return(build_in_place(this.incorporate(type='table'))) }}
{% endmaterialization %}

{#- Spark analyses a view anew wherever it is read, which took longer than all else, and keeps none that calls a function of ours. -#}
{% materialization view, adapter='spark' %}
    {{ return(build_in_place(this.incorporate(type='table'))) }}
{% endmaterialization %}
