with

procedures as (

    select * from {{ ref('stg_ehr__procedures') }}

),

concepts as (

    select * from {{ ref('int_clinical__concepts') }}

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
    {{ fhir_date('procedures.recorded_date_time') }} as recorded_on,
    {{ interval_columns(
        'coalesce(procedures.performed_date_time, procedures.performed_period.start)',
        end_of('procedures.performed_date_time', 'procedures.performed_period')
    ) }}
from procedures
{{ in_value_sets('procedures') }}
left join concepts as reasons
    on procedures.reason_codes = reasons.codes
order by value_set
