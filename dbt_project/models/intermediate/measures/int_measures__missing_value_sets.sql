select
    measures.measure_code,
    value_sets.value_set,
    value_sets.value_set_url,
    value_sets.title
from {{ ref('measure_value_sets') }} as measures
inner join {{ ref('stg_value_sets__sets') }} as value_sets
    on measures.value_set = value_sets.value_set
where value_sets.status = 'missing'
