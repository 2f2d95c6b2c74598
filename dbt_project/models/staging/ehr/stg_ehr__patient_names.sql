with names as (

    select
        source_system,
        id as patient_id,
        unnest(name) as name,
        generate_subscripts(name, 1) as position
    from {{ source('raw', 'ehr_patient') }}

),

-- An empty part says nothing; a family name with a comma and no given name beside it is the whole name.
parts as (

    select
        source_system,
        patient_id,
        position,
        name,
        nullif(trim(name.given[1]), '') as given,
        nullif(trim(name.family), '') as family,
        trim(regexp_replace(
            coalesce(nullif(trim(name.text), ''), case when contains(name.family, ',') then name.family end), '[\s\p{Z}]+', ' ', 'g'
        )) as whole
    from names

),

-- Where only the text is given: what follows a comma is a suffix or title, otherwise the given names.
texts as (

    select
        *,
        regexp_replace(
            regexp_replace(whole, '^(?i)((mr|mrs|ms|miss|dr|prof)\.? +)+', ''),
            '(?i),? +(jr|sr|ii|iii|iv|md|m\.d|do|np|rn|pa|phd|esq)\.?$', ''
        ) as text
    from parts

)

select
    source_system,
    patient_id,
    position,
    name.use as name_use,
    nullif(trim(coalesce(given, case
        when contains(text, ',') then regexp_extract(text, ',\s*(\S+)', 1)
        -- A name of one word is the family name.
        when contains(text, ' ') then split_part(text, ' ', 1)
    end)), '') as first_name,
    trim(name.given[2]) as middle_name,
    nullif(trim(coalesce(case when given is not null or not contains(family, ',') then family end, case
        when contains(text, ',') then split_part(text, ',', 1)
        else regexp_extract(text, '(\S+)$', 1)
    end)), '') as last_name,
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
from texts
