with

requests as (

    select * from {{ ref('stg_ehr__device_requests') }}

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
    requests.source_system,
    requests.device_request_id,
    requests.status in ('active', 'completed') as is_active_or_completed,
    requests.intent in ('order', 'original-order', 'reflex-order', 'filler-order', 'instance-order') as is_order,
    requests.is_not_to_be_done,
    requests.code_name,
    {{ interval_columns('requests.authored_date_time', 'requests.authored_date_time') }}
from requests
inner join concept_value_sets
    on requests.codes = concept_value_sets.codes
inner join patients
    on requests.source_system = patients.source_system
    and requests.patient_id = patients.patient_id
order by value_set
