{#-
    Similarity of two names, 0 to 1 (Winkler 1990, "String comparator metrics and enhanced decision rules in the Fellegi-
    Sunter model").
-#}
{% macro name_similarity(left, right) -%}
    jaro_winkler_similarity({{ left }}, {{ right }})
{%- endmacro %}

{#- The best similarity between any name of one list and any name of another. -#}
{% macro best_name_similarity(left, right) -%}
    {{ adapter.dispatch('best_name_similarity')(left, right) }}
{%- endmacro %}

{% macro default__best_name_similarity(left, right) -%}
    list_max(list_transform(
        {{ left }}, lambda a: list_max(list_transform({{ right }}, lambda b: {{ name_similarity('a', 'b') }}))
    ))
{%- endmacro %}

{#- Whether two dates differ by a slip: at most a month apart, or day and month swapped. No two sisters are so near. -#}
{% macro is_mistyped_date(left, right) -%}
    (
        abs(date_diff('day', {{ left }}, {{ right }})) <= 31
        or {{ left }} = try_cast(strftime({{ right }}, '%Y-%d-%m') as date)
    )
{%- endmacro %}

{#- Whether two dates differ in one digit. Ten years or more apart are father and son; less may be two sisters or one slip. -#}
{% macro is_digit_apart(left, right) -%}
    (
        abs(year({{ left }}) - year({{ right }})) < 10
        and {{ is_one_slip(date_digits(left), date_digits(right)) }}
    )
{%- endmacro %}

{% macro date_digits(day) -%}
    strftime({{ day }}, '%Y%m%d')
{%- endmacro %}

{#- Whether one letter or digit is wrong, missing or too many, or two neighbours swapped (Damerau 1964). -#}
{% macro is_one_slip(left, right) -%}
    damerau_levenshtein({{ left }}, {{ right }}) = 1
{%- endmacro %}

{#-
    Whether a letter after the first is missing or too many, or two neighbours are swapped, in names of three letters or more. Another
    letter in its place often makes another name: Jace is nobody's Jack.
-#}
{% macro is_slip_of_the_keys(left, right) -%}
    (
        least(length({{ left }}), length({{ right }})) > 2
        and left({{ left }}, 1) = left({{ right }}, 1)
        and {{ is_one_slip(left, right) }}
        and (
            length({{ left }}) <> length({{ right }})
            or list_sort(string_split({{ left }}, '')) = list_sort(string_split({{ right }}, ''))
        )
    )
{%- endmacro %}
