with

encounters as (

    select * from {{ ref('stg_ehr__encounters') }}

),

concepts as (

    select * from {{ ref('int_clinical__concepts') }}

)

select
    patients.patient_key,
    concept_value_sets.value_set,
    encounters.source_system,
    encounters.encounter_id,
    encounters.status,
    encounters.status = 'finished' as is_performed,
    encounters.class_code,
    coalesce(list_contains(discharges.value_sets, 'discharge_to_hospice'), false) as is_discharged_to_hospice,
    encounters.type_name as code_name,
    {{ interval_columns('encounters.period_start', 'coalesce(encounters.period_end, ' ~ unbounded_future() ~ ')') }}
from encounters
{{ in_value_sets('encounters', 'type_codes') }}
left join concepts as discharges
    on encounters.discharge_codes = discharges.codes
where encounters.period_start is not null or encounters.period_end is not null
order by value_set
