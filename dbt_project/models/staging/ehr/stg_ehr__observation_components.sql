with components as (

    select
        source_system,
        id,
        unnest(component) as part,
        unnest(range(1, array_length(component) + 1)) as component_number
    from {{ source('raw', 'ehr_observation') }}

)

select
    source_system,
    id as observation_id,
    component_number,
    {{ codes_of('part.code') }} as codes,
    part.code.coding[1].code as code,
    part.valueQuantity.value as value_quantity,
    part.valueQuantity.comparator as value_comparator,
    coalesce(part.valueQuantity.code, part.valueQuantity.unit) as value_unit,
    {{ codes_of('part.valueCodeableConcept') }} as value_codes
from components
