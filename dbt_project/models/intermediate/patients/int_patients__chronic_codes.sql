{#- The same diagnosis codes occur thousands of times: resolve each once to its chronic condition. -#}
with

codes as (

    select
        codes,
        unnest(string_split(codes, '; ')) as coding
    from (select distinct codes from {{ ref('stg_ehr__conditions') }})

)

select distinct
    codes.codes,
    chronic.condition_name
from codes
inner join {{ ref('chronic_condition_codes') }} as chronic
    on
        split_part(codes.coding, '|', 1) = chronic.code_system
        and case
            when chronic.code_system like '%icd-10%' then starts_with(replace(split_part(codes.coding, '|', 2), '.', ''), chronic.code)
            else split_part(codes.coding, '|', 2) = chronic.code
        end
