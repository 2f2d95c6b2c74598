select
    source_system,
    id as location_id,
    {{ id_of('managingOrganization.reference') }} as organization_id,
    {{ codes_of_each('"type"') }} as type_codes,
    trim(name) as location_name,
    nullif(trim(array_to_string(address.line, ', ')), '') as address_line,
    trim(address.city) as city,
    trim(address.state) as state,
    {{ zip5('address.postalCode') }} as postal_code,
    coalesce(status, 'active') = 'active' as is_active
from {{ source('raw', 'ehr_location') }}
