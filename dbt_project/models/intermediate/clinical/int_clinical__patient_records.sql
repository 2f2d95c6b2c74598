with

links as (

    select * from {{ ref('int_identity__patient_links') }}

),

patients as (

    select * from {{ ref('stg_ehr__patients') }}

)

select
    patients.source_system,
    patients.patient_id,
    links.patient_key,
    patients.birth_date,
    patients.us_core_sex_code,
    patients.deceased_on,
    coalesce(races.value_sets, []) as race_value_sets,
    patients.updated_at
from patients
inner join links
    on patients.source_system = links.source_system
    and patients.patient_id = links.source_id
    and links.source_record_type = 'ehr_patient'
left join {{ ref('int_clinical__concepts') }} as races
    on patients.race_codes = races.codes
