select
    appointment_key,
    patient_key,
    booked_at,
    starts_at,
    -- Until then it counted as booked: a cancellation takes effect when it is on record.
    case
        when final_status = 'cancelled' then least(greatest(cancelled_at, recorded_at), starts_at)
        when final_status = 'entered_in_error' then least(recorded_at, starts_at)
        else starts_at
    end as stands_until_at
from {{ ref('int_activity__appointments') }}
where patient_key is not null and booked_at < starts_at and final_status <> 'requested'
