select
    source_system,
    referral_id,
    contact_id,
    direction,
    specialty,
    status as referral_status,
    created_at,
    {{ practice_date('created_at') }} as created_on,
    scheduled_at,
    {{ practice_date('scheduled_at') }} as scheduled_on,
    completed_at,
    {{ practice_date('completed_at') }} as completed_on
from {{ source('raw', 'crm_referrals') }}
