with

measures as (

    select * from {{ ref('measure_catalog') }}

),

value_sets as (

    select
        measure_value_sets.measure_code,
        count(*) as n_value_sets,
        count(*) filter (where sets.status in ('sample', 'withheld')) as n_incomplete,
        string_agg(sets.title, ', ' order by sets.title) filter (where sets.status in ('sample', 'withheld')) as incomplete,
        string_agg(sets.title, ', ' order by sets.title) filter (where sets.status = 'missing') as missing
    from {{ ref('measure_value_sets') }} as measure_value_sets
    inner join {{ ref('stg_value_sets__sets') }} as sets
        on measure_value_sets.value_set = sets.value_set
    group by measure_value_sets.measure_code

)

select
    cast(measures.measure_code as varchar) as measure_code,
    cast(measures.title as varchar) as title,
    cast(measures.steward as varchar) as steward,
    cast(measures.measure_version as varchar) as measure_version,
    cast(measures.scoring as varchar) as scoring,
    cast(measures.basis as varchar) as basis,
    cast(measures.is_inverse as boolean) as is_inverse,
    cast(measures.is_preventive as boolean) as is_preventive,
    cast(measures.min_age as integer) as min_age,
    cast(measures.max_age as integer) as max_age,
    cast(measures.next_action as varchar) as next_action,
    cast(measures.closes_at as varchar) as closes_at,
    cast(measures.has_exclusions as boolean) as has_exclusions,
    cast(measures.has_exceptions as boolean) as has_exceptions,
    cast(measures.canonical_url as varchar) as canonical_url,
    cast(measures.licence_terms as varchar) as licence_terms,
    cast(value_sets.missing is null as boolean) as is_available,
    cast('Value sets are missing: ' || value_sets.missing as varchar) as unavailable_reason,
    cast(value_sets.n_value_sets as integer) as n_value_sets,
    cast(value_sets.n_incomplete as integer) as n_incomplete_value_sets,
    cast('Incomplete value sets: ' || value_sets.incomplete as varchar) as caution
from measures
inner join value_sets
    on measures.measure_code = value_sets.measure_code
