with

immunizations as (

    select * from {{ ref('stg_ehr__immunizations') }}

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
    immunizations.source_system,
    immunizations.immunization_id,
    immunizations.status = 'completed' as is_performed,
    immunizations.code_name,
    {{ interval_columns('immunizations.occurrence_date_time', 'immunizations.occurrence_date_time') }}
from immunizations
inner join concept_value_sets
    on immunizations.codes = concept_value_sets.codes
inner join patients
    on immunizations.source_system = patients.source_system
    and immunizations.patient_id = patients.patient_id
order by value_set
