with identifiers as (

    select
        source_system,
        id as patient_id,
        unnest(identifier) as identifier
    from {{ source('raw', 'ehr_patient') }}

)

select distinct
    source_system,
    patient_id,
    -- A record number is of type MR (http://terminology.hl7.org/CodeSystem/v2-0203); some servers write MRN, PT or words alone, or
    -- name the system alone, which is a setting.
    case
        when list_has_any(list_transform(identifier.type.coding, lambda coding: upper(coding.code)), ['MR', 'MRN', 'PT'])
            or lower(trim(identifier.type.text)) in ('mr', 'mrn', 'pt', 'medical record number', 'medical record')
            {%- for system in var('mrn_systems') %}
            or identifier.system = '{{ system | replace("'", "''") }}'
            {%- endfor %} then 'MR'
        else coalesce(identifier.type.coding[1].code, '')
    end as type_code,
    coalesce(identifier.system, '') as identifier_system,
    upper(trim(identifier.value)) as identifier_value
from identifiers
where trim(identifier.value) <> ''
