with

observations as (

    select * from {{ ref('stg_ehr__observations') }}

),

concepts as (

    select * from {{ ref('int_clinical__concepts') }}

),

patients as (

    select * from {{ ref('int_clinical__patient_records') }}

)

select
    patients.patient_key,
    observations.source_system,
    observations.observation_id,
    observations.status = 'final' as is_final,
    coalesce(value_concepts.value_sets, []) as value_value_sets,
    observations.value_name,
    {{ interval_columns(
        'coalesce(observations.effective_date_time, observations.effective_period.start)',
        end_of('observations.effective_date_time', 'observations.effective_period')
    ) }}
from observations
inner join patients
    on observations.source_system = patients.source_system
    and observations.patient_id = patients.patient_id
left join concepts as code_concepts
    on observations.codes = code_concepts.codes
left join concepts as value_concepts
    on observations.value_codes = value_concepts.codes
-- US Core's profile identifies it, whatever its code; without profiles, category and code do
where
    contains(coalesce(observations.profiles, ''), 'us-core-smokingstatus')
    or (observations.is_social_history and list_contains(code_concepts.value_sets, 'smoking_status'))
