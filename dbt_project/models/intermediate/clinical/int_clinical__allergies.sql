with

allergies as (

    select * from {{ ref('stg_ehr__allergies') }}

)

select
    patients.patient_key,
    concept_value_sets.value_set,
    allergies.source_system,
    allergies.allergy_id,
    allergies.is_active,
    allergies.code_name,
    {{ interval_columns(
        'coalesce(allergies.onset_date_time, allergies.onset_period.start)', end_of('allergies.onset_date_time', 'allergies.onset_period')
    ) }}
from allergies
{{ in_value_sets('allergies') }}
