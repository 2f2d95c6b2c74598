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
    -- A record number is of type MR (http://terminology.hl7.org/CodeSystem/v2-0203); some servers write MRN, or words alone.
    case
        when list_has_any(list_transform(identifier.type.coding, lambda coding: upper(coding.code)), ['MR', 'MRN'])
            or lower(trim(identifier.type.text)) in ('mr', 'mrn', 'medical record number') then 'MR'
        else coalesce(identifier.type.coding[1].code, '')
    end as type_code,
    coalesce(identifier.system, '') as identifier_system,
    upper(trim(identifier.value)) as identifier_value
from identifiers
where trim(identifier.value) <> ''
