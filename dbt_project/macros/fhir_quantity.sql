{#-
    Days in a FHIR Duration by its UCUM unit, or the word used for it; UCUM's mean year `a` has 365.25 days, and its month `mo` a twelfth of
    them. Null in any other unit; of a bare number, `without_unit` times it.
-#}
{% macro days_of(quantity, without_unit='null') -%}
    {%- set unit = "lower(coalesce(" ~ quantity ~ ".code, " ~ quantity ~ ".unit))" -%}
    {{ quantity }}.value * case
        when {{ unit }} is null then {{ without_unit }}
        when {{ unit }} in ('d', 'day', 'days') then 1
        when {{ unit }} in ('h', 'hour', 'hours') then 1.0 / 24
        when {{ unit }} in ('wk', 'week', 'weeks') then 7
        when {{ unit }} in ('mo', 'month', 'months') then 365.25 / 12
        when {{ unit }} in ('a', 'year', 'years') then 365.25
    end
{%- endmacro %}

{#- A FHIR Age or Duration as an interval of the calendar: a month is one of the calendar's. Null in a unit that is none of time. -#}
{% macro calendar_interval(quantity) -%}
    case coalesce({{ quantity }}.code, {{ quantity }}.unit)
        {%- for words, function, times in [
            (['a', 'year', 'years'], 'to_years', 1), (['mo', 'month', 'months'], 'to_months', 1), (['wk', 'week', 'weeks'], 'to_days', 7),
            (['d', 'day', 'days'], 'to_days', 1), (['h', 'hour', 'hours'], 'to_hours', 1), (['min', 'minute', 'minutes'], 'to_minutes', 1),
        ] %}
        {%- for word in words %}
        when '{{ word }}' then {{ function }}(cast({{ times }} * {{ quantity }}.value as integer))
        {%- endfor %}
        {%- endfor %}
    end
{%- endmacro %}

{#- A FHIR date or dateTime (text) and a Duration added to it, less some interval, as text; a date stays one. -#}
{% macro date_time_plus(date_time, quantity, less='0 milliseconds') -%}
    case
        when length({{ date_time }}) > 10
            then cast({{ fhir_instant(date_time) }} + {{ calendar_interval(quantity) }} - interval {{ less }} as varchar)
        when length({{ date_time }}) = 10
            then cast(cast(try_cast({{ date_time }} as date) + {{ calendar_interval(quantity) }} - interval {{ less }} as date) as varchar)
    end
{%- endmacro %}

{#- The day on which a person reached an age (FHIR Age, UCUM units). -#}
{% macro day_of_age(birth_date, age) -%}
    cast({{ birth_date }} + {{ calendar_interval(age) }} as date)
{%- endmacro %}

{#- Completed years of age on a day; someone born on 29 February has the birthday on 1 March in other years. -#}
{% macro age_on(birth_date, day) -%}
    (year({{ day }}) - year({{ birth_date }})
    - cast(month({{ day }}) * 100 + day({{ day }}) < month({{ birth_date }}) * 100 + day({{ birth_date }}) as integer))
{%- endmacro %}
