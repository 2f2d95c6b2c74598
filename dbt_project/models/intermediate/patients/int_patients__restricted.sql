{#- A restriction belongs to a source record, and follows it to whoever that is today: one record restricts the person. -#}
select distinct links.patient_key
from {{ ref('stg_caregap__restrictions') }} as restrictions
inner join {{ ref('int_identity__patient_links') }} as links
    on restrictions.patient_source_system = links.source_system
    and restrictions.patient_record_type = links.source_record_type
    and restrictions.patient_source_id = links.source_id
