with

adverse_events as (

    select * from {{ ref('stg_ehr__adverse_events') }}

),

concept_value_sets as (

    select * from {{ ref('int_clinical__concept_value_sets') }}

),

patients as (

    select * from {{ ref('int_clinical__patient_records') }}

)

select
    patients.patient_key,
    concept_value_sets.value_set,
    adverse_events.source_system,
    adverse_events.adverse_event_id,
    adverse_events.code_name,
    {{ interval_columns('adverse_events.happened_date_time', 'adverse_events.happened_date_time') }}
from adverse_events
inner join concept_value_sets
    on adverse_events.codes = concept_value_sets.codes
inner join patients
    on adverse_events.source_system = patients.source_system
    and adverse_events.patient_id = patients.patient_id
