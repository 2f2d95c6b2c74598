with

encounters as (

    select * from {{ ref('stg_ehr__encounters') }}

),

concept_value_sets as (

    select * from {{ ref('int_clinical__concept_value_sets') }}

),

concepts as (

    select * from {{ ref('int_clinical__concepts') }}

),

patients as (

    select * from {{ ref('int_clinical__patient_records') }}

)

select
    patients.patient_key,
    concept_value_sets.value_set,
    encounters.source_system,
    encounters.encounter_id,
    encounters.status = 'finished' as is_performed,
    encounters.class_code,
    coalesce(list_contains(discharges.value_sets, 'discharge_to_hospice'), false) as is_discharged_to_hospice,
    encounters.type_name as code_name,
    {{ interval_columns('encounters.period_start', 'coalesce(encounters.period_end, ' ~ unbounded_future() ~ ')') }}
from encounters
inner join concept_value_sets
    on encounters.type_codes = concept_value_sets.codes
inner join patients
    on encounters.source_system = patients.source_system
    and encounters.patient_id = patients.patient_id
left join concepts as discharges
    on encounters.discharge_codes = discharges.codes
where encounters.period_start is not null or encounters.period_end is not null
order by value_set
