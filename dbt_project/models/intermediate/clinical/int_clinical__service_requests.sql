with

requests as (

    select * from {{ ref('stg_ehr__service_requests') }}

),

concepts as (

    select * from {{ ref('int_clinical__concepts') }}

)

select
    patients.patient_key,
    concept_value_sets.value_set,
    requests.source_system,
    requests.service_request_id,
    requests.status,
    requests.status in ('active', 'completed') as is_active_or_completed,
    {{ is_order('requests.intent') }} as is_order,
    requests.intent,
    requests.is_not_to_be_done,
    coalesce(reasons.value_sets, []) as reason_value_sets,
    coalesce(not_done_reasons.value_sets, []) as not_done_reason_value_sets,
    requests.code_name,
    {{ interval_columns('requests.authored_date_time', 'requests.authored_date_time') }}
from requests
{{ in_value_sets('requests') }}
left join concepts as reasons
    on requests.reason_codes = reasons.codes
left join concepts as not_done_reasons
    on requests.not_done_reason_codes = not_done_reasons.codes
order by value_set
