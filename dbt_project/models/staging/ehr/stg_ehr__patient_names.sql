with names as (

    select
        source_system,
        id as patient_id,
        unnest(name) as name,
        generate_subscripts(name, 1) as position
    from {{ source('raw', 'ehr_patient') }}

)

select
    source_system,
    patient_id,
    position,
    name.use as name_use,
    trim(coalesce(name.given[1], split_part(name.text, ' ', 1))) as first_name,
    trim(name.given[2]) as middle_name,
    trim(coalesce(name.family, regexp_extract(name.text, '(\S+)\s*$', 1))) as last_name,
    trim(name.suffix[1]) as name_suffix,

    -- The name in use: the official one, then the usual one, then the first; never a maiden or former one
    -- before those (https://hl7.org/fhir/R4/valueset-name-use.html).
    row_number() over (
        partition by source_system, patient_id
        order by
            case name.use
                when 'official' then 1
                when 'usual' then 2
                when 'nickname' then 4
                when 'old' then 5
                when 'maiden' then 5
                else 3
            end,
            position
    ) as preference
from names
