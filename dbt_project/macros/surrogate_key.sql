{#-
    One BIGINT that stands for several columns: the first 15 hex digits (60 bits) of the md5 of their texts, parted by `|`.
    Null where one of them is null: the key of something unknown is unknown, and a relationship test lets it pass.
    Among a million keys two are the same with a chance of 4 in ten million; the table's own uniqueness test would say so.
-#}
{% macro surrogate_key(columns) -%}
    cast('0x' || substr(md5(
        {%- for column in columns %}cast({{ column }} as varchar){{ " || '|' || " if not loop.last }}{% endfor -%}
    ), 1, 15) as bigint)
{%- endmacro %}
