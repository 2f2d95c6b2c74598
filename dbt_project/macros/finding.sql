{#- A finding about a field, as a struct. -#}
{% macro finding(field, kind, finding) -%}
    {'field': '{{ field | replace('"', '') }}', 'kind': '{{ kind }}', 'finding': '{{ finding }}'}
{%- endmacro %}

{#-
    What is found about a FHIR date or dateTime (text) that is not read as it is written; null otherwise. Birth and death are looked at apart, and an
    end in 9999 is none.
-#}
{% macro date_finding(field) -%}
    case
        when coalesce({{ field }}, '') = '' then null
        when {{ is_partial_date(field) }}
            then {{ finding(field, 'unknown', 'is a year or a month alone, and its day is taken for unknown') }}
        {%- if field.endswith('"end"') %}
        when starts_with({{ field }}, '9999') then null
        {%- endif %}
        when {{ is_in_no_year_that_can_be(field) }}
            then {{ 'null' if field in ('birthDate', 'deceasedDateTime') else finding(
                field, 'unknown', 'is of a year that cannot be, and is taken for unknown'
            ) }}
        when {{ fhir_date(field) }} is null
            then {{ finding(field, 'unknown', 'is not a date that can be read, and is taken for unknown') }}
        {%- if field != 'birthDate' %}
        when {{ is_without_offset(field) }} then {{ finding(field, 'mapped', 'has no offset, and is read as the local time of the practice') }}
        {%- endif %}
    end
{%- endmacro %}

{#- What is found about the status of a resource that is not a code of FHIR; null otherwise. -#}
{% macro status_finding(extract) -%}
    {%- set codes = "('" ~ fhir_status_codes(extract) | join("', '") ~ "')" -%}
    case
        when status in {{ codes }} then null
        when {{ fhir_status(extract) }} in {{ codes }}
            then {{ finding('status', 'mapped', 'is not written as a FHIR code, and is read as the one that it means') }}
        when coalesce(status, '') = ''
            then {{ finding('status', 'unknown', 'is missing, and the record counts as none that was carried out') }}
        else {{ finding('status', 'unknown', 'is a word that is not known, and the record counts as none that was carried out') }}
    end
{%- endmacro %}

{#- What is found about a record that was carried out and has no day, of the fields `days`; null otherwise. -#}
{% macro undated_finding(extract, field, days) -%}
    case
        when {{ fhir_status(extract) }} in ('final', 'amended', 'corrected', 'completed') and coalesce({{ days | join(', ') }}, '') = ''
            then {{ finding(field, 'unknown', 'is missing, and the record counts on no day') }}
    end
{%- endmacro %}
