{#- Withdrawn entries are left out. -#}
select
    outcome_id,
    recorded_at,
    {{ practice_date('recorded_at') }} as recorded_on,
    listed_on,
    patient_source_system,
    patient_record_type,
    patient_source_id,
    channel,
    outcome,
    note_code,
    recorded_by
from {{ source('raw', 'caregap_outreach_outcomes') }}
where not is_withdrawn
