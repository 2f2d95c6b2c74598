{#-
    Similarity of two names, 0 to 1 (Winkler 1990, "String comparator metrics and enhanced decision rules in the Fellegi-
    Sunter model").
-#}
{% macro name_similarity(left, right) -%}
    jaro_winkler_similarity({{ left }}, {{ right }})
{%- endmacro %}

{#- The best similarity between any name of one list and any name of another. -#}
{% macro best_name_similarity(left, right) -%}
    list_max(list_transform(
        {{ left }}, lambda a: list_max(list_transform({{ right }}, lambda b: {{ name_similarity('a', 'b') }}))
    ))
{%- endmacro %}

{#-
    Whether two dates differ by a typing error: day and month swapped, one digit wrong, two neighbours swapped, or at most a month
    apart. Dates ten years or more apart are a father and his son.
-#}
{% macro is_mistyped_date(left, right) -%}
    abs(date_diff('day', {{ left }}, {{ right }})) <= 31
    or (
        abs(year({{ left }}) - year({{ right }})) < 10
        and (
            ({{ left }} = try_cast(strftime({{ right }}, '%Y-%d-%m') as date))
            or damerau_levenshtein(strftime({{ left }}, '%Y%m%d'), strftime({{ right }}, '%Y%m%d')) = 1
        )
    )
{%- endmacro %}
