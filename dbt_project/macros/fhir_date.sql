{#-
    The calendar day of a FHIR date or dateTime (text) in the practice's time zone. A day without a time stays that day: as an instant
    it would be midnight UTC, the day before in New York. `2019` and `2019-04` are not days and become null.
-#}
{% macro fhir_date(date_time) -%}
    case
        when length({{ date_time }}) = 10 then try_cast({{ date_time }} as date)
        when length({{ date_time }}) > 10 then {{ practice_date(fhir_instant(date_time)) }}
    end
{%- endmacro %}
