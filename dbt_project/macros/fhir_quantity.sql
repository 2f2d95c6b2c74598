{#- Days in a FHIR Duration; UCUM `d` and `wk`, and the words used for them. Null in any other unit. -#}
{% macro days_of(quantity) -%}
    {{ quantity }}.value * case
        when coalesce({{ quantity }}.code, {{ quantity }}.unit) in ('d', 'day', 'days') then 1
        when coalesce({{ quantity }}.code, {{ quantity }}.unit) in ('wk', 'week', 'weeks') then 7
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
