{#- The instant of a FHIR dateTime (text) as TIMESTAMPTZ; a day, month or year without a time is not an instant and becomes null. -#}
{% macro fhir_instant(moment) -%}
    case when length({{ moment }}) > 10 then try_cast({{ moment }} as timestamptz) end
{%- endmacro %}
