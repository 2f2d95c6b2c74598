{#-
    The id that a FHIR reference names: its last segment, without the version that it may end in. Relative, absolute, `urn:uuid:…`;
    `Patient/p1/_history/3` is p1 (https://hl7.org/fhir/R4/references.html#literal).
-#}
{% macro id_of(reference) -%}
    nullif(regexp_extract({{ reference }}, '([^/:]+)(/_history/[^/]*)?$', 1), '')
{%- endmacro %}

{#-
    The patient that a subject names; null where it is a group, a device or a place: `Group/1` is not patient 1
    (https://hl7.org/fhir/R4/observation-definitions.html#Observation.subject).
-#}
{% macro patient_of(subject) -%}
    case
        when {{ subject }} like '%Group/%' or {{ subject }} like '%Device/%' or {{ subject }} like '%Location/%' then null
        else {{ id_of(subject) }}
    end
{%- endmacro %}

{#- The ids that a list of references names, as a list. -#}
{% macro ids_of(references) -%}
    list_transform({{ references }}, lambda r: {{ id_of('r.reference') }})
{%- endmacro %}
