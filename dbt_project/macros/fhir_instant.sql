{#-
    The instant of a FHIR dateTime (text) as TIMESTAMPTZ; a day, month or year without a time is not an instant and becomes null.
    FHIR asks for seconds and an offset, and servers leave out both: a time without an offset is the practice's local time, as in CSV.
-#}
{% macro fhir_instant(date_time) -%}
    case
        -- As FHIR writes it. What follows takes four times as long, and few records need it.
        when substr({{ date_time }}, 20, 1) in ('Z', '+', '-') or (length({{ date_time }}) > 19 and suffix({{ date_time }}, 'Z'))
            then try_cast({{ date_time }} as timestamptz)
        when length({{ date_time }}) > 10 then try_cast(
            left({{ date_time }}, 16)
            || case when substr({{ date_time }}, 17, 1) = ':' then '' else ':00' end
            || substr({{ date_time }}, 17)
            || case when regexp_matches(substr({{ date_time }}, 17), '[Zz+-]') then '' else ' {{ var("time_zone") }}' end
            as timestamptz
        )
    end
{%- endmacro %}

{#- Whether a FHIR date or dateTime (text) is there and names no day, month, year or instant: `2026-02-30`, `03/10/2026`. -#}
{% macro is_unreadable_date(date_time) -%}
    coalesce({{ date_time }} <> '' and case
        when regexp_matches({{ date_time }}, '^[0-9]{4}(-(0[1-9]|1[0-2]))?$') then false
        when length({{ date_time }}) = 10 then try_cast({{ date_time }} as date) is null
        else {{ fhir_instant(date_time) }} is null
    end, false)
{%- endmacro %}

{#- Whether a FHIR date or dateTime (text) that can be read is a year or a month without a day: `1966`, `1966-05`. -#}
{% macro is_partial_date(date_time) -%}
    length({{ date_time }}) in (4, 7)
{%- endmacro %}

{#- Whether a FHIR dateTime (text) is an instant without an offset. -#}
{% macro is_local_time(date_time) -%}
    (length({{ date_time }}) > 10 and not regexp_matches(substr({{ date_time }}, 17), '[Zz+-]') and {{ fhir_instant(date_time) }} is not null)
{%- endmacro %}
