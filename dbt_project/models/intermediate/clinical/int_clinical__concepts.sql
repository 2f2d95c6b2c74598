select
    codes,
    list(value_set order by value_set) as value_sets
from {{ ref('int_clinical__concept_value_sets') }}
group by codes
