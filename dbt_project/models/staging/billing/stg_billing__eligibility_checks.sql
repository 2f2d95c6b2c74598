select
    source_system,
    check_id,
    account_id,
    appointment_id,
    payer_id,
    checked_at,
    {{ practice_date('checked_at') }} as checked_on,
    result
from {{ source('raw', 'billing_eligibility_checks') }}
