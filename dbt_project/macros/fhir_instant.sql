{#- The instant of a FHIR dateTime (text) as TIMESTAMPTZ; a day, month or year without a time is not an instant and becomes null. -#}
{% macro fhir_instant(date_time) -%}
    case when length({{ date_time }}) > 10 then try_cast({{ date_time }} as timestamptz) end
{%- endmacro %}
