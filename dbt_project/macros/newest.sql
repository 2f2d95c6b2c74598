{#-
    The value of the newest row, as an aggregate: of the row that is highest by the expressions of `by`, in turn. Among equals the
    highest value counts, so that the order in which threads read the rows decides nothing. A row without the value is passed over.
    For a second value of the same row, name the first as the last of `by`.
-#}
{% macro newest(value, by) -%}
    max_by({{ value }}, ({{ (by + [value]) | join(', ') }}))
{%- endmacro %}

{#- As `newest`, of the lowest row. -#}
{% macro oldest(value, by) -%}
    min_by({{ value }}, ({{ (by + [value]) | join(', ') }}))
{%- endmacro %}
