{#-
    One BIGINT for several columns: the first 15 hex digits (60 bits) of the md5 of their texts, separated by `|`.
    Null if one of them is null: the key of something unknown is unknown, and a relationship test ignores it.
    Among a million keys, the probability of a collision is 4 in ten million; the table's uniqueness test would detect it.
-#}
{% macro surrogate_key(columns) -%}
    cast('0x' || substr(md5(
        {%- for column in columns %}cast({{ column }} as varchar){{ " || '|' || " if not loop.last }}{% endfor -%}
    ), 1, 15) as bigint)
{%- endmacro %}
