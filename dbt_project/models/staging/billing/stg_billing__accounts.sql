select
    source_system,
    account_id,
    upper(trim(mrn)) as mrn,

    trim(first_name) as first_name,
    trim(last_name) as last_name,
    {{ possible_birth_date('birth_date') }} as birth_date,
    sex,

    {{ phone_digits('phone') }} as phone,
    trim(address_line) as address_line,
    trim(city) as city,
    upper(trim(state)) as state,
    {{ zip5('postal_code') }} as postal_code,

    updated_at
from {{ source('raw', 'billing_accounts') }}
