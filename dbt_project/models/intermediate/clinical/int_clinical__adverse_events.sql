with

adverse_events as (

    select * from {{ ref('stg_ehr__adverse_events') }}

)

select
    patients.patient_key,
    concept_value_sets.value_set,
    adverse_events.source_system,
    adverse_events.adverse_event_id,
    adverse_events.code_name,
    {{ interval_columns('adverse_events.happened_date_time', 'adverse_events.happened_date_time') }}
from adverse_events
{{ in_value_sets('adverse_events') }}
