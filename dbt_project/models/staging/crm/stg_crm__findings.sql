select
    source_system,
    _file_key as file_key,
    _row_number as row_number,
    'contacts' as extract,
    'birth_date' as field,
    'unknown' as kind,
    {{ impossible_birth_date() }} as finding
from {{ source('raw', 'crm_contacts') }}
where birth_date is not null and {{ possible_birth_date('birth_date') }} is null
