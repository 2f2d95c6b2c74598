{#-
    The patient that a subject names, by id or as `with_named` found it; null where it is of another type: `Group/1` is not patient 1
    (https://hl7.org/fhir/R4/observation-definitions.html#Observation.subject). One whose type is not said is a patient.
-#}
{% macro patient_of(subject) -%}
    case
        when starts_with({{ subject }}, 'Patient/') then {{ id_of(subject) }}
        when coalesce({{ type_of(subject) }}, 'Patient') = 'Patient' then coalesce(patient_named.named_id, {{ id_of(subject) }})
    end
{%- endmacro %}

{#- The ids that a list of references names, as a list. -#}
{% macro ids_of(references) -%}
    list_transform({{ references }}, lambda r: {{ id_of('r.reference') }})
{%- endmacro %}

{#-
    The join to the record of a type that a reference names by its identifier: `<name>_named.named_id`, null for any other reference, and
    where several have it (`is_ambiguous`).
    `of` is the alias of the table that has the reference, where there are several.
-#}
{% macro with_named(record_type, reference, name='patient', of='') -%}
left join (
    select
        source_system as named_in,
        identifier as named_by,
        record_id as named_id,
        is_ambiguous
    from {{ ref('stg_ehr__identified_records') }}
    where record_type = '{{ record_type }}'
) as {{ name }}_named
    on {{ of ~ '.' if of }}source_system = {{ name }}_named.named_in
    and {{ identifier_of(reference) }} = {{ name }}_named.named_by
{%- endmacro %}
