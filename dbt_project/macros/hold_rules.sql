{#-
    Evaluates a table's data tests in one statement, where the table is made, and fails its node with the names of those that it breaks. A build
    hands them over by table (variable `rules`, pipelines/warehouse/rules.py); without it they run as tests of their own.
-#}
{% macro hold_rules(relation) -%}
    {%- set rules = var('rules', {}).get(model.unique_id, []) -%}
    {%- if not rules -%} {{ return('') }} {%- endif -%}
    {%- set evaluation %}
        select rule, n_rows
        from (
            {%- for rule in rules %}
            {%- set arguments = rule.arguments -%}
            {%- if rule.kind == 'unique_combination' -%}
                {%- set arguments = dict(arguments, is_stored=model.config.materialized != 'view') -%}
            {%- endif %}
            {%- if rule.kind == 'columns_hold' %}
            select '{{ rule.name }}.' || column_name || '.' || rule as rule, n_rows
            {%- else %}
            select '{{ rule.name }}' as rule, count(*) as n_rows
            {%- endif %}
            from ({{ context['test_' ~ rule.kind](relation, **arguments) }}) as failing
            {{ 'union all' if not loop.last }}
            {%- endfor %}
        ) as evaluated
        where n_rows > 0
    {%- endset %}
    {%- set _, cursor = adapter.add_query(evaluation, auto_begin=false) -%}
    {%- set broken = [] -%}
    {%- for rule, n_rows in cursor.fetchall() -%}
        {%- do broken.append('broken rule ' ~ rule ~ ': ' ~ n_rows ~ ' rows') -%}
    {%- endfor -%}
    {%- if broken -%} {%- do exceptions.raise_compiler_error(broken | join('\n')) -%} {%- endif -%}
{%- endmacro %}
