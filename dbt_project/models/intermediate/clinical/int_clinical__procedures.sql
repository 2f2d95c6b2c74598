with

procedures as (

    select * from {{ ref('stg_ehr__procedures') }}

),

concept_value_sets as (

    select * from {{ ref('int_clinical__concept_value_sets') }}

),

concepts as (

    select * from {{ ref('int_clinical__concepts') }}

),

patients as (

    select * from {{ ref('int_clinical__patient_records') }}

)

select
    patients.patient_key,
    concept_value_sets.value_set,
    procedures.source_system,
    procedures.procedure_id,
    procedures.status,
    procedures.status = 'completed' as is_performed,
    coalesce(reasons.value_sets, []) as reason_value_sets,
    procedures.code_name,
    {{ interval_columns(
        'coalesce(procedures.performed_date_time, procedures.performed_period.start)',
        end_of('procedures.performed_date_time', 'procedures.performed_period')
    ) }}
from procedures
inner join concept_value_sets
    on procedures.codes = concept_value_sets.codes
inner join patients
    on procedures.source_system = patients.source_system
    and procedures.patient_id = patients.patient_id
left join concepts as reasons
    on procedures.reason_codes = reasons.codes
order by value_set
