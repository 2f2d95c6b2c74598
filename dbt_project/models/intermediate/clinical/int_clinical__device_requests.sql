with

requests as (

    select * from {{ ref('stg_ehr__device_requests') }}

)

select
    patients.patient_key,
    concept_value_sets.value_set,
    requests.source_system,
    requests.device_request_id,
    requests.status in ('active', 'completed') as is_active_or_completed,
    {{ is_order('requests.intent') }} as is_order,
    requests.is_not_to_be_done,
    requests.code_name,
    {{ interval_columns('requests.authored_date_time', 'requests.authored_date_time') }}
from requests
{{ in_value_sets('requests') }}
order by value_set
