{#- Each level is a row of the seed identity_match_weights. -#}
with pairs as (

    select * from {{ ref('int_identity__candidate_pairs') }}

),

records as (

    select * from {{ ref('int_identity__records') }}

)

select
    pairs.*,
    l.source_record_type as left_type,
    r.source_record_type as right_type,

    case
        when list_has_any(l.mrns, r.mrns) then 'equal'
        when len(l.mrns) = 0 or len(r.mrns) = 0 then 'missing'
        else 'different'
    end as mrn,

    case
        when l.birth_date is null or r.birth_date is null then 'missing'
        when l.birth_date = r.birth_date then 'equal'
        when {{ is_mistyped_date('l.birth_date', 'r.birth_date') }} then 'near'
        else 'different'
    end as birth_date,

    case
        when len(l.given_names) = 0 or len(r.given_names) = 0 then 'missing'
        when list_has_any(l.given_names, r.given_names) then 'equal'
        when list_has_any(l.given_roots, r.given_roots) then 'variant'
        when list_has_any(l.given_names, r.middle_names) or list_has_any(l.middle_names, r.given_names) then 'variant'
        when 1 in (length(l.given_names[1]), length(r.given_names[1])) and left(l.given_names[1], 1) = left(r.given_names[1], 1)
            then 'initial'
        when {{ best_name_similarity('l.given_names', 'r.given_names') }} >= 0.88 then 'similar'
        else 'different'
    end as given_name,

    case
        when len(l.family_names) = 0 or len(r.family_names) = 0 then 'missing'
        when list_has_any(l.family_names, r.family_names) then 'equal'
        when list_has_any(l.family_parts, r.family_parts) then 'similar'
        when {{ best_name_similarity('l.family_names', 'r.family_names') }} >= 0.9 then 'similar'
        else 'different'
    end as family_name,

    case
        when l.sex not in ('female', 'male') or r.sex not in ('female', 'male') or l.sex is null or r.sex is null then 'missing'
        when l.sex = r.sex then 'equal'
        else 'different'
    end as sex,

    {%- for field, values in {'phone': 'phones', 'email': 'emails'}.items() %}
    case
        when list_has_any(l.{{ values }}, r.{{ values }}) then 'equal'
        when len(l.{{ values }}) = 0 or len(r.{{ values }}) = 0 then 'missing'
        else 'different'
    end as {{ field }},
    {%- endfor %}

    case
        when list_has_any(l.streets, r.streets) then 'street'
        when l.postal_code = r.postal_code then 'postal_code'
        when l.postal_code is null or r.postal_code is null then 'missing'
        else 'different'
    end as address
from pairs
inner join records as l on pairs.left_key = l.record_key
inner join records as r on pairs.right_key = r.record_key
