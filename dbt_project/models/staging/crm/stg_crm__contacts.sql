select
    source_system,
    contact_id,
    upper(trim(mrn)) as mrn,

    trim(first_name) as first_name,
    trim(last_name) as last_name,
    {{ possible_birth_date('birth_date') }} as birth_date,
    sex,
    lower(split_part(language, '-', 1)) as language,

    {{ phone_digits('phone') }} as phone,
    {{ email_address('email') }} as email,
    trim(address_line) as address_line,
    trim(city) as city,
    upper(trim(state)) as state,
    {{ zip5('postal_code') }} as postal_code,

    preferred_channel,
    is_do_not_contact,
    is_deceased,

    created_at,
    {{ practice_date('created_at') }} as created_on,
    updated_at
from {{ source('raw', 'crm_contacts') }}
