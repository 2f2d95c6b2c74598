select
    source_system,
    submission_id,
    claim_id,
    {{ answered_claim() }},
    submitted_at,
    {{ practice_date('submitted_at') }} as submitted_on,
    is_resubmission,
    result,
    rejection_reason
from {{ source('raw', 'billing_claim_submissions') }}
