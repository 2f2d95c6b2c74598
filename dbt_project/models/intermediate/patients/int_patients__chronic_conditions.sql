with conditions as (

    select * from {{ ref('stg_ehr__conditions') }}
    where
        coalesce(clinical_status, 'active') in ('active', 'recurrence', 'relapse')
        and coalesce(verification_status, 'confirmed') not in ('refuted', 'entered-in-error', 'differential')
        and coalesce(abated_on >= {{ as_of_on() }}, true)
        and coalesce(onset_on <= {{ as_of_on() }}, true)

),

-- A diagnosis says the same thing thousands of times: find out once which codes are of a chronic condition
codes as (

    select
        codes,
        unnest(string_split(codes, '; ')) as coding
    from (select distinct codes from conditions)

),

chronic_codes as (

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

)

select distinct
    links.patient_key,
    chronic_codes.condition_name
from conditions
inner join chronic_codes using (codes)
inner join {{ ref('int_identity__patient_links') }} as links
    on
        conditions.source_system = links.source_system
        and conditions.patient_id = links.source_id
        and links.source_record_type = 'ehr_patient'
