{#-
    Makes a model's table or view under its own name. A build is a new file that nobody reads before it is published, so there is nothing to
    swap: dbt's materializations make it under another name, look for what a broken run left, rename and drop, and took a fifth of a build's
    CPU time with that. They also ask twice which columns a published model has: `contract_columns` casts each, which the test suite holds.
-#}
{% macro build_in_place(relation) -%}
    {%- set response, _ = adapter.execute(adapter.dispatch('making')(relation)) -%}
    {%- do store_result('main', response) -%}
    {%- do hold_rules(relation) -%}
    {{ return({'relations': [relation]}) }}
{%- endmacro %}

{% macro default__making(relation) -%}
    drop {{ relation.type }} if exists {{ relation }};
    {%- if model.contract.enforced %}
    create table {{ relation }} {{ get_table_columns_and_constraints() }};
    insert into {{ relation }} by name ({{ compiled_code }});
    {%- else %}
    create {{ relation.type }} {{ relation }} as ({{ compiled_code }});
    {%- endif %}
{%- endmacro %}

{% materialization table, adapter='duckdb' %}
    {{ return(build_in_place(this.incorporate(type='table'))) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {{ return(build_in_place(this.incorporate(type='view'))) }}
{% endmaterialization %}
