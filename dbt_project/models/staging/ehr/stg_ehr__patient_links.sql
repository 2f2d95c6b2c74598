with links as (

    select
        source_system,
        id as patient_id,
        unnest(link) as link
    from {{ source('raw', 'ehr_patient') }}

)

select distinct
    source_system,
    patient_id,
    {{ id_of('link.other.reference') }} as other_patient_id,
    link.type as link_type
from links
where link.other.reference is not null
