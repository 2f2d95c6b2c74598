with

links as (

    select * from {{ ref('int_identity__patient_links') }}

),

profiles as (

    select * from {{ ref('int_patients__profile') }}

)

select
    links.source_system,
    links.source_record_type,
    links.source_id,
    links.patient_key,
    profiles.home_location_key,
    profiles.primary_provider_key,
    coalesce(profiles.payer_class, 'unknown') as payer_class,
    coalesce(profiles.patient_segment, 'unknown') as patient_segment
from links
left join profiles
    on links.patient_key = profiles.patient_key
