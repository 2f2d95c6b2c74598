{#- Each level of a field that is weighed is a row of the seed identity_match_weights. -#}
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

    -- Two EHRs number their patients independently
    case
        when array_length(l.mrns) = 0 or array_length(r.mrns) = 0 then 'missing'
        when l.source_record_type = 'ehr_patient' and r.source_record_type = 'ehr_patient' then case
            when list_has_any(l.assigned_mrns, r.assigned_mrns) then 'equal'
            when list_has_any(l.mrn_assigners, r.mrn_assigners) then 'different'
            else 'missing'
        end
        when list_has_any(l.mrns, r.mrns) then 'equal'
        else 'different'
    end as mrn,

    case
        when l.birth_date is null or r.birth_date is null then 'missing'
        when l.birth_date = r.birth_date and l.is_birth_day_filled_in then 'filled_in'
        when l.birth_date = r.birth_date then 'equal'
        -- Filled in on one side, or another person: it says nothing, and keeps the pair in doubt.
        when l.is_birth_date_zero or r.is_birth_date_zero then 'missing'
        when {{ is_mistyped_date('l.birth_date', 'r.birth_date') }} then 'near'
        when year(l.birth_date) = year(r.birth_date) and (l.is_birth_day_filled_in or r.is_birth_day_filled_in) then 'near'
        when {{ is_digit_apart('l.birth_date', 'r.birth_date') }} then 'apart'
        else 'different'
    end as birth_date,

    case
        when array_length(l.given_names) = 0 or array_length(r.given_names) = 0 then 'missing'
        when list_has_any(l.given_names, r.given_names) then 'equal'
        when list_has_any(l.given_names, r.family_names) and list_has_any(l.family_names, r.given_names) then 'swapped'
        when
            list_has_any(l.given_roots, r.given_roots)
            and (
                (l.sex = r.sex and l.sex in ('female', 'male'))
                or not (l.is_nickname_of_both_sexes or r.is_nickname_of_both_sexes)
            )
            then 'variant'
        when list_has_any(l.given_names, r.middle_names) or list_has_any(l.middle_names, r.given_names) then 'variant'
        when 1 in (length(l.given_names[1]), length(r.given_names[1])) and left(l.given_names[1], 1) = left(r.given_names[1], 1)
            then 'initial'
        when list_has_any(l.given_roots, r.given_roots) then 'nickname'
        when
            not (l.is_known_given_name and r.is_known_given_name)
            and length(l.given_names[1]) > 3
            and left(l.given_names[1], 1) = left(r.given_names[1], 1)
            and {{ is_one_slip('l.given_names[1]', 'r.given_names[1]') }}
            then 'typo'
        -- No parents call a twin by what is nearly the short form of the other's name.
        when
            (list_has_any(l.slipped_roots, r.given_roots) and length(l.given_names[1]) > 3)
            or (list_has_any(r.slipped_roots, l.given_roots) and length(r.given_names[1]) > 3)
            then 'typo'
        when
            l.is_known_given_name <> r.is_known_given_name
            and (
                list_has_any(l.slipped_roots, r.given_roots)
                or list_has_any(r.slipped_roots, l.given_roots)
                or {{ is_slip_of_the_keys('l.given_names[1]', 'r.given_names[1]') }}
            )
            then 'slip'
        when
            not (l.is_known_given_name and r.is_known_given_name)
            and least(length(l.given_names[1]), length(r.given_names[1])) > 2
            and (starts_with(l.given_names[1], r.given_names[1]) or starts_with(r.given_names[1], l.given_names[1]))
            then 'nickname'
        when {{ best_name_similarity('l.given_names', 'r.given_names') }} >= 0.88 then 'similar'
        else 'different'
    end as given_name,

    case
        when array_length(l.middle_names) = 0 or array_length(r.middle_names) = 0 then 'missing'
        when left(l.middle_names[1], 1) <> left(r.middle_names[1], 1) then 'different'
        when 1 in (length(l.middle_names[1]), length(r.middle_names[1])) then 'equal'
        when {{ best_name_similarity('l.middle_names', 'r.middle_names') }} < 0.88 then 'different'
        else 'equal'
    end as middle_name,

    case
        when l.name_generation <> r.name_generation then 'different'
        when l.name_generation = r.name_generation then 'equal'
        when coalesce(l.name_generation, r.name_generation) is not null then 'one_sided'
        else 'missing'
    end as name_generation,

    case
        when array_length(l.family_names) = 0 or array_length(r.family_names) = 0 then 'missing'
        when list_has_any(l.family_names, r.family_names) then 'equal'
        when list_has_any(l.given_names, r.family_names) and list_has_any(l.family_names, r.given_names) then 'swapped'
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
        when array_length(l.{{ values }}) = 0 or array_length(r.{{ values }}) = 0 then 'missing'
        else 'different'
    end as {{ field }},
    {%- endfor %}

    case
        when list_has_any(l.streets, r.streets) then 'street'
        when l.postal_code = r.postal_code then 'postal_code'
        when l.postal_code is null or r.postal_code is null then 'missing'
        else 'different'
    end as address,

    -- Number of people of this name, by their birth dates
    greatest(l.n_birth_dates_of_name, r.n_birth_dates_of_name) as n_namesakes,

    -- The person of the record without a birth date, if it were one with each record of the other side
    case when l.birth_date is null then left_key when r.birth_date is null then right_key end as dateless_key,
    coalesce(l.birth_date, r.birth_date) as dated_on,
    coalesce(l.birth_date <> r.birth_date and (l.is_birth_date_zero or r.is_birth_date_zero), false) as is_birth_date_zero
from pairs
inner join records as l on pairs.left_key = l.record_key
inner join records as r on pairs.right_key = r.record_key
