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
    {{ patient_of('links.link.other.reference') }} as other_patient_id,
    links.link.type as link_type
from links
{{ with_named('Patient', 'links.link.other') }}
where coalesce(patient_named.named_id, links.link.other.reference) is not null
