with

-- Days and instants are worked out before a visit is repeated for each of its value sets
encounters as (

    select
        source_system,
        encounter_id,
        patient_id,
        status,
        class_code,
        type_codes,
        type_name,
        discharge_codes,
        {{ interval_columns('period_start', 'coalesce(period_end, ' ~ unbounded_future() ~ ')') }}
    from {{ ref('stg_ehr__encounters') }}
    where period_start is not null or period_end is not null

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
    encounters.lo_on_earliest,
    encounters.lo_on_latest,
    encounters.lo_at_earliest,
    encounters.lo_at_latest,
    encounters.hi_on_earliest,
    encounters.hi_on_latest,
    encounters.hi_at_earliest,
    encounters.hi_at_latest
from encounters
{{ in_value_sets('encounters', 'type_codes') }}
left join concepts as discharges
    on encounters.discharge_codes = discharges.codes
order by value_set
