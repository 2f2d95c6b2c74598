with

visit_months as (

    select
        *,
        {{ add_months('last_visit_on', var('active_months')) }} as window_ends_on
    from {{ ref('int_activity__visit_months') }}

),

profiles as (

    select * from {{ ref('int_patients__profile') }}

)

select
    visit_months.patient_key,
    visit_months.month_on as cohort_month_on,
    visit_months.last_visit_on as anchor_on,
    visit_months.window_ends_on,
    visit_months.next_visit_on,
    visit_months.location_key,
    visit_months.provider_key,
    visit_months.payer_class,
    visit_months.patient_segment,
    coalesce(visit_months.next_visit_on <= visit_months.window_ends_on, false) as is_retained
from visit_months
inner join profiles
    on visit_months.patient_key = profiles.patient_key
-- Patients who died within the window could not come back, unless they returned before.
where visit_months.next_visit_on <= visit_months.window_ends_on
    or not profiles.is_deceased
    or profiles.deceased_on > visit_months.window_ends_on
