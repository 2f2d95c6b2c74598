with

visit_days as (

    select * from {{ ref('int_activity__visit_days') }}

)

-- The last visit day of the month determines the patient's site and provider in it, and the next visit.
select
    patient_key,
    {{ month_of('visit_on') }} as month_on,
    max(visit_on) as last_visit_on,
    case when bool_or(next_visit_on is null) then null else max(next_visit_on) end as next_visit_on,
    max_by(location_key, visit_on) as location_key,
    max_by(provider_key, visit_on) as provider_key,
    payer_class,
    patient_segment,
    history_starts_on,
    bool_or(is_new_patient) as is_new_patient,
    bool_or(is_reactivated_patient) as is_reactivated_patient
from visit_days
group by all
