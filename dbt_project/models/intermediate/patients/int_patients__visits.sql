with encounters as (

    select
        patient_key,
        min(started_on) as first_visit_on,
        max(started_on) as last_visit_on,
        count(*) filter (started_on >= {{ add_months(as_of_on(), -24) }}) as n_visits_24_months
    from {{ ref('int_activity__encounters') }}
    where is_completed_visit
    group by patient_key

),

appointments as (

    select
        patient_key,
        min(starts_at) as next_appointment_at
    from {{ ref('int_activity__appointments') }}
    where final_status = 'booked' and starts_on >= {{ as_of_on() }}
    group by patient_key

)

select
    patient_key,
    encounters.first_visit_on,
    encounters.last_visit_on,
    coalesce(encounters.n_visits_24_months, 0) as n_visits_24_months,
    appointments.next_appointment_at
from encounters
full join appointments using (patient_key)
where patient_key is not null
