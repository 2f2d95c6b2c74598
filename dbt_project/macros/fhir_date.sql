{#-
    The calendar day of a FHIR date or dateTime (text) in the practice's time zone. A day without a time stays that day: as an instant
    it would be midnight UTC, the day before in New York. `2019` and `2019-04` are not days and become null. Some servers write a day
    without hyphens, between blanks or, as XML allows, with an offset. A day in a year that cannot be becomes null.
-#}
{% macro fhir_date(date_time) -%}
    case
        when {{ is_in_no_year_that_can_be(date_time) }} then null
        when length({{ date_time }}) = 10 then try_cast({{ date_time }} as date)
        when regexp_matches({{ date_time }}, '{{ day_alone() }}')
            then try_cast(regexp_replace({{ date_time }}, '{{ day_alone() }}', '\1-\2-\3') as date)
        when length({{ date_time }}) > 10 then {{ practice_date(fhir_instant(date_time)) }}
    end
{%- endmacro %}

{#-
    Whether a FHIR date or dateTime (text) is of a year that no record is of: databases write such days for none, and people by mistake.
-#}
{% macro is_in_no_year_that_can_be(date_time) -%}
    (
        ltrim({{ date_time }}) not between '{{ plausible_years_first_year() }}' and '{{ plausible_years_last_year() + 1 }}'
        and regexp_matches({{ date_time }}, '^\s*[0-9]{4}(-|[0-9]{4}([0-9]{6})?\b|\s*$)')
    )
{%- endmacro %}

{% macro day_alone() -%}
    ^\s*([0-9]{4})-?([0-9]{2})-?([0-9]{2})(?:Z|[+-][0-9]{2}:?[0-9]{2})?\s*$
{%- endmacro %}
