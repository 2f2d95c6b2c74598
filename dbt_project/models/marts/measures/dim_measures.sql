{%- set chosen = var('chosen_measures') or [] -%}
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

),

final as (

    select
        measures.measure_code,
        measures.title,
        measures.topic,
        {{ "measures.measure_code in ('" ~ chosen | join("', '") ~ "')" if chosen else 'true' }} as is_chosen,
        measures.steward,
        measures.measure_version,
        measures.scoring,
        measures.basis,
        measures.is_inverse,
        measures.is_preventive,
        measures.is_restricted,
        measures.is_for_outreach,
        measures.min_age,
        measures.max_age,
        measures.next_action,
        measures.closes_at,
        measures.has_exclusions,
        measures.has_exceptions,
        measures.canonical_url,
        measures.licence_terms,
        value_sets.missing is null as is_available,
        'Value sets are missing: ' || value_sets.missing as unavailable_reason,
        value_sets.n_value_sets,
        value_sets.n_incomplete as n_incomplete_value_sets,
        'Incomplete value sets: ' || value_sets.incomplete as caution
    from measures
    inner join value_sets
        on measures.measure_code = value_sets.measure_code

)

select
    {{ contract_columns() }}
from final
