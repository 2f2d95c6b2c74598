with conditions as (

    select * from {{ ref('stg_ehr__conditions') }}
    where
        coalesce(clinical_status, 'active') in ('active', 'recurrence', 'relapse')
        and coalesce(verification_status, 'confirmed') not in ('refuted', 'entered-in-error', 'differential')
        and coalesce(abated_on >= {{ as_of_on() }}, true)
        and coalesce(onset_on <= {{ as_of_on() }}, true)

)

select distinct
    links.patient_key,
    chronic_codes.condition_name
from conditions
inner join {{ ref('int_patients__chronic_codes') }} as chronic_codes using (codes)
inner join {{ ref('int_identity__patient_links') }} as links
    on
        conditions.source_system = links.source_system
        and conditions.patient_id = links.source_id
        and links.source_record_type = 'ehr_patient'
