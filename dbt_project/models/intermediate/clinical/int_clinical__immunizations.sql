with

immunizations as (

    select * from {{ ref('stg_ehr__immunizations') }}

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
{{ in_value_sets('immunizations') }}
order by value_set
