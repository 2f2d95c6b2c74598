{#- An appointment extension for facts without a FHIR R4 element: when it was cancelled, how it was booked … -#}
{% macro appointment_extension(name) -%}
    list_filter(appointments.extension, lambda e: e.url = 'urn:caregap:fhir:extension:appointment-{{ name }}')[1]
{%- endmacro %}
