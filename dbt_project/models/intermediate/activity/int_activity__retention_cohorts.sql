with

visit_days as (

    select * from {{ ref('int_activity__visit_days') }}

),

profiles as (

    select * from {{ ref('int_patients__profile') }}

),

-- The last visit day of each patient and month: what follows is a return in a later month or none.
cohorts as (

    select
        visit_days.*,
        {{ add_months('visit_on', var('active_months')) }} as window_ends_on
    from visit_days
    where next_visit_on is null or {{ month_of('next_visit_on') }} > {{ month_of('visit_on') }}

)

select
    cohorts.patient_key,
    {{ month_of('cohorts.visit_on') }} as cohort_month_on,
    cohorts.visit_on as anchor_on,
    cohorts.window_ends_on,
    cohorts.next_visit_on,
    cohorts.location_key,
    cohorts.provider_key,
    cohorts.payer_class,
    cohorts.patient_segment,
    coalesce(cohorts.next_visit_on <= cohorts.window_ends_on, false) as is_retained
from cohorts
inner join profiles
    on cohorts.patient_key = profiles.patient_key
-- Who died within the window could not come back; who returned before that did.
where cohorts.next_visit_on <= cohorts.window_ends_on
    or not profiles.is_deceased
    or profiles.deceased_on > cohorts.window_ends_on
