with

encounters as (

    select
        source_system,
        encounter_id,
        unnest(location_ids) as location_id
    from {{ ref('stg_ehr__encounters') }}

),

locations as (

    select * from {{ ref('stg_ehr__locations') }}

)

select distinct
    encounters.source_system,
    encounters.encounter_id,
    concept_value_sets.value_set
from encounters
inner join locations
    on encounters.source_system = locations.source_system
    and encounters.location_id = locations.location_id
inner join {{ ref('int_clinical__concept_value_sets') }} as concept_value_sets
    on locations.type_codes = concept_value_sets.codes
