with

claim_diagnoses as (

    select * from {{ ref('stg_ehr__claim_diagnoses') }}
    where status = 'active' and use = 'claim' and is_principal

),

conditions as (

    select * from {{ ref('stg_ehr__conditions') }}

),

diagnoses as (

    select
        source_system,
        encounter_id,
        codes
    from claim_diagnoses

    union all

    select
        claim_diagnoses.source_system,
        claim_diagnoses.encounter_id,
        conditions.codes
    from claim_diagnoses
    inner join conditions
        on claim_diagnoses.source_system = conditions.source_system
        and claim_diagnoses.condition_id = conditions.condition_id

)

select distinct
    diagnoses.source_system,
    diagnoses.encounter_id,
    concept_value_sets.value_set
from diagnoses
inner join {{ ref('int_clinical__concept_value_sets') }} as concept_value_sets
    on diagnoses.codes = concept_value_sets.codes
