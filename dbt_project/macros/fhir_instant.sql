{#-
    The instant of a FHIR dateTime (text) as TIMESTAMPTZ; a day, month or year without a time is not an instant and becomes null.
    FHIR asks for seconds and an offset, and servers leave out both: a time without an offset is the practice's local time, as in CSV.
    One in a year that cannot be becomes null.
-#}
{% macro fhir_instant(date_time) -%}
    case
        when {{ is_in_no_year_that_can_be(date_time) }} then null
        -- As FHIR writes it. What follows takes four times as long, and few records need it.
        when substr({{ date_time }}, 20, 1) in ('Z', '+', '-') or (length({{ date_time }}) > 19 and suffix({{ date_time }}, 'Z'))
            then coalesce(try_cast({{ date_time }} as timestamptz), try_cast({{ _as_fhir_writes_it(date_time) }} as timestamptz))
        when length({{ date_time }}) > 10 and not regexp_matches({{ date_time }}, '{{ day_alone() }}')
            then try_cast({{ _as_fhir_writes_it(date_time) }} as timestamptz)
    end
{%- endmacro %}

{#-
    A date and time as FHIR asks for it, from `2026-03-10 10:10`, `2026-03-10t10:10:00z`, `20260310101000`, `…10:10:00 -04:00`, Java's
    `…Z[UTC]`, and a leap second, which FHIR allows and no clock here knows. Without an offset it gets the practice's time zone.
-#}
{% macro _as_fhir_writes_it(date_time) -%}
    {%- set ns = namespace(sql="upper(" ~ date_time ~ ")") -%}
    {%- for pattern, replacement in [
        ('\\s*(\\[[^\\]]*\\])?\\s*$', ''),
        ('^\\s*([0-9]{4})([0-9]{2})([0-9]{2})T?([0-9]{2})([0-9]{2})([0-9]{2})', '\\1-\\2-\\3T\\4:\\5:\\6'),
        ('\\s*([+-][0-9:]+|Z)$', '\\1'),
        ('^(.{13}:[0-9]{2})([+-][0-9:]+|Z)?$', '\\1:00\\2'),
        ('^(.{16}):60', '\\1:59'),
        ('^(.{19}([.][0-9]+)?)$', '\\1 ' ~ var('time_zone')),
    ] %}
        {%- set ns.sql = "regexp_replace(" ~ ns.sql ~ ", '" ~ pattern ~ "', '" ~ replacement ~ "')" -%}
    {%- endfor %}
    {{- ns.sql }}
{%- endmacro %}

{#- Whether a FHIR date or dateTime (text) is a year or a month without a day: `1966`, `1966-05`. -#}
{% macro is_partial_date(date_time) -%}
    regexp_matches({{ date_time }}, '^[0-9]{4}(-(0[1-9]|1[0-2]))?$')
{%- endmacro %}

{#- Whether a FHIR dateTime (text) has a time and no offset. -#}
{% macro is_without_offset(date_time) -%}
    (length({{ date_time }}) > 10 and not regexp_matches(substr({{ date_time }}, 11), '[Zz+-]') and not regexp_matches({{ date_time }}, '{{ day_alone() }}'))
{%- endmacro %}

{#- Whether a FHIR date or dateTime (text) names the day that databases write for none: `0001-01-01`, `9999-12-31`. -#}
{% macro is_no_day(date_time) -%}
    regexp_matches({{ date_time }}, '^\s*(000|99)')
{%- endmacro %}
