with

encounters as (

    select * from {{ ref('stg_ehr__encounters') }}

),

conditions as (

    select * from {{ ref('stg_ehr__conditions') }}

),

concept_value_sets as (

    select * from {{ ref('int_clinical__concept_value_sets') }}

),

named as (

    select
        source_system,
        patient_id,
        encounter_id,
        unnest(reason_condition_ids) as condition_id
    from encounters

),

reasons as (

    select
        source_system,
        encounter_id,
        false as is_condition,
        reason_codes as codes
    from encounters

    union all

    -- Whatever is known of the diagnosis: the visit names it
    select
        named.source_system,
        named.encounter_id,
        true as is_condition,
        conditions.codes
    from named
    inner join conditions
        on named.source_system = conditions.source_system
        and named.condition_id = conditions.condition_id
        and named.patient_id = conditions.patient_id

)

select
    reasons.source_system,
    reasons.encounter_id,
    concept_value_sets.value_set,
    bool_or(not reasons.is_condition) as is_code,
    bool_or(reasons.is_condition) as is_condition
from reasons
inner join concept_value_sets
    on reasons.codes = concept_value_sets.codes
group by reasons.source_system, reasons.encounter_id, concept_value_sets.value_set
