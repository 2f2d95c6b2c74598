with addresses as (

    select
        source_system,
        id as patient_id,
        unnest(address) as address,
        generate_subscripts(address, 1) as position
    from {{ source('raw', 'ehr_patient') }}

)

select
    source_system,
    patient_id,
    position,
    address.use as address_use,
    nullif(trim(array_to_string(address.line, ', ')), '') as address_line,
    trim(address.city) as city,
    trim(address.state) as state,
    {{ zip5('address.postalCode') }} as postal_code,
    row_number() over (
        partition by source_system, patient_id
        order by
            coalesce(
                address.use = 'old' or {{ fhir_date('address.period."end"') }} < {{ as_of_on() }}, false
            ),
            case address.use when 'home' then 1 when 'billing' then 3 when 'work' then 4 when 'old' then 5 else 2 end,
            position
    ) as preference
from addresses
