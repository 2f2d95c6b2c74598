with

communications as (

    select * from {{ ref('stg_ehr__communications') }}

),

concepts as (

    select * from {{ ref('int_clinical__concepts') }}

)

select
    patients.patient_key,
    concept_value_sets.value_set,
    communications.source_system,
    communications.communication_id,
    communications.status,
    communications.status = 'completed' as is_performed,
    coalesce(reasons.value_sets, []) as not_done_reason_value_sets,
    communications.category_name as code_name,
    {{ fhir_date('communications.recorded_date_time') }} as recorded_on,
    {{ interval_columns('communications.sent_date_time', 'communications.sent_date_time') }}
from communications
{{ in_value_sets('communications', 'category_codes') }}
left join concepts as reasons
    on communications.not_done_reason_codes = reasons.codes
