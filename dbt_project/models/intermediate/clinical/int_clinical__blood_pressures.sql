with

panels as (

    select * from {{ ref('int_clinical__observations') }}
    where value_set = 'blood_pressure_panel' and is_performed

),

components as (

    select
        source_system,
        observation_id,
        concept_value_sets.value_set,
        -- With two systolic values, or one that is not a number in mm[Hg], the reading has none
        case when count(*) = 1 then max(
            case when value_unit in ('mm[Hg]', 'mmHg') and value_comparator is null then value_quantity end
        ) end as value_mm_hg
    from {{ ref('stg_ehr__observation_components') }} as parts
    inner join {{ ref('int_clinical__concept_value_sets') }} as concept_value_sets
        on parts.codes = concept_value_sets.codes
        and concept_value_sets.value_set in ('systolic_blood_pressure', 'diastolic_blood_pressure')
    group by source_system, observation_id, concept_value_sets.value_set

)

select
    panels.*,
    systolic.value_mm_hg as systolic,
    diastolic.value_mm_hg as diastolic
from panels
left join components as systolic
    on panels.source_system = systolic.source_system
    and panels.observation_id = systolic.observation_id
    and systolic.value_set = 'systolic_blood_pressure'
left join components as diastolic
    on panels.source_system = diastolic.source_system
    and panels.observation_id = diastolic.observation_id
    and diastolic.value_set = 'diastolic_blood_pressure'
