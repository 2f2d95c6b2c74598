with

allergies as (

    select * from {{ ref('stg_ehr__allergies') }}

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
    allergies.source_system,
    allergies.allergy_id,
    allergies.is_active,
    allergies.code_name,
    {{ interval_columns(
        'coalesce(allergies.onset_date_time, allergies.onset_period.start)', end_of('allergies.onset_date_time', 'allergies.onset_period')
    ) }}
from allergies
inner join concept_value_sets
    on allergies.codes = concept_value_sets.codes
inner join patients
    on allergies.source_system = patients.source_system
    and allergies.patient_id = patients.patient_id
