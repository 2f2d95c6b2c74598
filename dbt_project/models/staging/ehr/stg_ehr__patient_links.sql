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
    {{ patient_of('link.other.reference') }} as other_patient_id,
    link.type as link_type
from links
{{ with_named('Patient', 'link.other') }}
where coalesce(patient_named.named_id, link.other.reference) is not null
