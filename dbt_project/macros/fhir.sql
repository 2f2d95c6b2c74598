{#-
    The id that a FHIR reference names: its last segment, without the version that it may end in, a query or blanks. Relative, absolute,
    `urn:uuid:…`; `Patient/p1/_history/3` is p1 (https://hl7.org/fhir/R4/references.html#literal).
-#}
{% macro id_of(reference) -%}
    nullif(trim(regexp_extract(rtrim(split_part({{ reference }}, '?', 1), ' /'), '([^/:]+)(/_history/[^/]*)?$', 1)), '')
{%- endmacro %}

{#-
    The patient that a subject names, by id or as `with_named` found it; null where it is a group, a device or a place: `Group/1` is not
    patient 1 (https://hl7.org/fhir/R4/observation-definitions.html#Observation.subject).
-#}
{% macro patient_of(subject) -%}
    case
        when {{ subject }} like '%Group/%' or {{ subject }} like '%Device/%' or {{ subject }} like '%Location/%' then null
        when {{ subject }} like '%?identifier=%' then patient_named.named_id
        else coalesce(patient_named.named_id, {{ id_of(subject) }})
    end
{%- endmacro %}

{#- The ids that a list of references names, as a list. -#}
{% macro ids_of(references) -%}
    list_transform({{ references }}, lambda r: {{ id_of('r.reference') }})
{%- endmacro %}

{#-
    The identifier by which a reference (a struct) names a record instead of its id, as `system|value`: a logical reference
    (https://hl7.org/fhir/R4/references.html#logical), or `Patient?identifier=system|value` (…/http.html#trules). Null for any other.
-#}
{% macro identifier_of(reference) -%}
    case
        when contains({{ reference }}.reference, '?identifier=') then
            {{ _identifier("replace(split_part(" ~ reference ~ ".reference, '?identifier=', 2), '%7C', '|')") }}
        when {{ reference }}.identifier.value is not null and coalesce({{ reference }}.reference, '') = '' then
            coalesce({{ reference }}.identifier.system, '') || '|' || upper(trim({{ reference }}.identifier.value))
    end
{%- endmacro %}

{% macro _identifier(text) -%}
    case
        when contains({{ text }}, '|') then split_part({{ text }}, '|', 1) || '|' || upper(trim(split_part({{ text }}, '|', 2)))
        else '|' || upper(trim({{ text }}))
    end
{%- endmacro %}

{#-
    The join to the record of a type that a reference names by its identifier: `<name>_named.named_id`, null for any other reference.
    `of` is the alias of the table that has the reference, where there are several.
-#}
{% macro with_named(record_type, reference, name='patient', of='') -%}
left join (
    select
        source_system as named_in,
        identifier as named_by,
        record_id as named_id
    from {{ ref('stg_ehr__identified_records') }}
    where record_type = '{{ record_type }}'
) as {{ name }}_named
    on {{ of ~ '.' if of }}source_system = {{ name }}_named.named_in
    and {{ identifier_of(reference) }} = {{ name }}_named.named_by
{%- endmacro %}
