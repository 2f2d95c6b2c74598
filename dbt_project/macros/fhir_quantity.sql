{#-
    Days in a FHIR Duration by its UCUM unit, or the word used for it; UCUM's mean year `a` has 365.25 days, and its month `mo` a twelfth of
    them. Null in any other unit; of a bare number, `without_unit` times it.
-#}
{% macro days_of(quantity, without_unit='null') -%}
    {%- set unit = "lower(coalesce(" ~ quantity ~ ".code, " ~ quantity ~ ".unit))" -%}
    {{ quantity }}.value * case
        when {{ unit }} is null then {{ without_unit }}
        when {{ unit }} in ('d', 'day', 'days') then 1
        when {{ unit }} in ('wk', 'week', 'weeks') then 7
        when {{ unit }} in ('mo', 'month', 'months') then 365.25 / 12
        when {{ unit }} in ('a', 'year', 'years') then 365.25
    end
{%- endmacro %}

{#- The day on which a person reached an age (FHIR Age, UCUM units). -#}
{% macro day_of_age(birth_date, age) -%}
    cast(case
        when coalesce({{ age }}.code, {{ age }}.unit) in ('a', 'year', 'years') then {{ birth_date }} + to_years(cast({{ age }}.value as integer))
        when coalesce({{ age }}.code, {{ age }}.unit) in ('mo', 'month', 'months')
            then {{ birth_date }} + to_months(cast({{ age }}.value as integer))
        when coalesce({{ age }}.code, {{ age }}.unit) in ('wk', 'week', 'weeks')
            then {{ birth_date }} + to_days(7 * cast({{ age }}.value as integer))
        when coalesce({{ age }}.code, {{ age }}.unit) in ('d', 'day', 'days') then {{ birth_date }} + to_days(cast({{ age }}.value as integer))
    end as date)
{%- endmacro %}

{#- Completed years of age on a day; someone born on 29 February has the birthday on 1 March in other years. -#}
{% macro age_on(birth_date, day) -%}
    (year({{ day }}) - year({{ birth_date }})
    - cast(month({{ day }}) * 100 + day({{ day }}) < month({{ birth_date }}) * 100 + day({{ birth_date }}) as integer))
{%- endmacro %}
