with

observations as (

    select * from {{ ref('stg_ehr__observations') }}

),

concepts as (

    select * from {{ ref('int_clinical__concepts') }}

)

select
    patients.patient_key,
    concept_value_sets.value_set,
    observations.source_system,
    observations.observation_id,
    observations.encounter_id,
    observations.status,
    observations.status in ('final', 'amended', 'corrected') as is_performed,
    observations.is_imaging,
    observations.is_exam,
    observations.is_laboratory,
    observations.is_social_history,
    observations.profiles,
    observations.has_value,
    -- `< 5` and `> 9` are not numbers
    case when observations.value_comparator is null then observations.value_quantity end as value_quantity,
    observations.value_quantity is not null as has_quantity,
    observations.value_integer,
    observations.value_unit,
    coalesce(result_concepts.value_sets, []) as value_value_sets,
    coalesce(
        cast(round(observations.value_quantity, 2) as varchar) || coalesce(' ' || observations.value_unit, ''), observations.value_name, observations.value_text
    ) as value_text,
    coalesce(reasons.value_sets, []) as not_done_reason_value_sets,
    observations.code_name,
    {{ fhir_date('observations.issued') }} as issued_on,
    {{ interval_columns(
        'coalesce(observations.effective_date_time, observations.effective_period.start)',
        end_of('observations.effective_date_time', 'observations.effective_period')
    ) }}
from observations
{{ in_value_sets('observations') }}
left join concepts as result_concepts
    on observations.value_codes = result_concepts.codes
left join concepts as reasons
    on observations.not_done_reason_codes = reasons.codes
order by value_set
