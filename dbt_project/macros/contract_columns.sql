{#-
    What a published model ends with: the columns of its contract, each cast to the type that it has there. They are known once the
    project is parsed. A unit test has no contract and gets every column: it compares those that it names.
-#}
{% macro contract_columns() -%}
    {%- for column in model.columns.values() -%}
    cast({{ column.name }} as {{ column.data_type }}) as {{ column.name }}{{ ',\n    ' if not loop.last }}
    {%- else -%}
    *
    {%- endfor -%}
{%- endmacro %}
