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
    coalesce(identifier.type.coding[1].code, '') as type_code,
    coalesce(identifier.system, '') as identifier_system,
    upper(trim(identifier.value)) as identifier_value
from identifiers
where trim(identifier.value) <> ''
