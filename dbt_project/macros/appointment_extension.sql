{#- One of the extensions of an appointment that FHIR R4 has no element for: when it was cancelled, how it was booked … -#}
{% macro appointment_extension(name) -%}
    list_filter(appointments.extension, lambda e: e.url = 'urn:caregap:fhir:extension:appointment-{{ name }}')[1]
{%- endmacro %}
