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
    -- name the system alone, which is a setting unless it ends in `mrn`.
    case
        when list_has_any(list_transform(identifier.type.coding, lambda coding: upper(coding.code)), ['MR', 'MRN', 'PT'])
            or {{ is_record_number('identifier.type.text') }}
            or array_length(list_filter(identifier.type.coding, lambda coding: {{ is_record_number('coding.display') }})) > 0
            or regexp_matches(lower(identifier.system), '[/:.]mrn$')
            {%- for system in var('mrn_systems') %}
            or identifier.system = '{{ system | replace("'", "''") }}'
            {%- endfor %} then 'MR'
        else coalesce(identifier.type.coding[1].code, '')
    end as type_code,
    coalesce(identifier.system, '') as identifier_system,
    upper(trim(identifier.value)) as identifier_value
from identifiers
where trim(identifier.value) <> ''
