{#-
    What keeps a pair from being a match, although its record number or its evidence says so. Twins, spouses, and a father and his son
    agree in all that a household shares. The first reason that applies is given; null: none. The columns are those of
    `int_identity__judged_pairs`.
-#}

{#- Two records with one record number. -#}
{% macro doubt_of_record_number() -%}
case
    when given_name = 'different' or birth_date in ('different', 'apart') then 'somebody_else'
    when name_generation = 'different' or (name_generation = 'one_sided' and birth_date = 'missing') then 'generation'
    when sex = 'different' and not (given_name = 'equal' and birth_date = 'equal') then 'another_sex'
    when given_name = 'slip' and not (birth_date = 'equal' and family_name in ('equal', 'similar')) then 'near_name'
    when given_name = 'similar' then 'near_name'
    when birth_date = 'near'
        and not (is_near_full_name or (given_name = 'typo' and family_name in ('equal', 'similar') and is_same_contact_point))
        then 'near_name'
    when birth_date in ('missing', 'filled_in') and family_name = 'different' then 'near_name'
    when is_birth_date_zero then 'birth_date_unknown'
    when is_two_charts and (given_name in ('missing', 'initial') or birth_date = 'missing') then 'too_little'
end
{%- endmacro %}

{#- Two records without one; `common_name` is how many namesakes make a name common. -#}
{% macro doubt_of_evidence(common_name) -%}
case
    when birth_date = 'apart' then 'near_birth_date'
    when name_generation = 'different' then 'generation'
    when sex = 'different' and not (given_name = 'equal' and birth_date = 'equal' and is_same_contact_point)
        then 'another_sex'
    when given_name in ('similar', 'slip', 'nickname', 'initial') or middle_name = 'different' then 'near_name'
    when given_name in ('typo', 'swapped')
        and not (birth_date = 'equal' and family_name in ('equal', 'similar', 'swapped') and is_same_contact_point)
        then 'near_name'
    when birth_date = 'near' and not (is_near_full_name and is_same_contact_point) then 'near_birth_date'
    when family_name = 'different' and not (birth_date = 'equal' and is_same_contact_point) then 'near_name'
    when 'missing' in (given_name, family_name) then 'name_unknown'
    when birth_date = 'filled_in' and not (is_same_name and is_same_contact_point) then 'birth_date_unknown'
    when is_birth_date_zero then 'birth_date_unknown'
    when birth_date = 'missing' and is_one_of_namesakes then 'namesakes'
    when birth_date = 'missing' and (family_name = 'different' or email <> 'equal' or name_generation = 'one_sided')
        then 'birth_date_unknown'
    when n_namesakes >= {{ common_name }} and not is_same_contact_point and address <> 'postal_code' then 'common_name'
end
{%- endmacro %}
