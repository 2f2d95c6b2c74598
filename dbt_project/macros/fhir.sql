{#- The id that a FHIR reference names: the text after the last `/` or `:` (relative, absolute, `urn:uuid:`). -#}
{% macro id_of(reference) -%}
    nullif(regexp_extract({{ reference }}, '([^/:]+)$', 1), '')
{%- endmacro %}
