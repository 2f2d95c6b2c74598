with

visits as (

    select * from {{ ref('int_activity__encounters') }}
    where is_completed_visit and patient_key is not null

),

-- Several visits on one day count once, with the site and provider of the first.
days as (

    select
        patient_key,
        started_on as visit_on,
        min_by(location_key, (started_at, encounter_key)) as location_key,
        min_by(provider_key, (started_at, encounter_key)) as provider_key,
        payer_class,
        patient_segment
    from visits
    group by all

),

-- Ignore the oldest visit in a thousand, so that a single typing error does not extend the history.
history as (

    select {{ month_of('percentile_disc(0.001) within group (order by visit_on)') }} as history_starts_on
    from days

),

ordered as (

    select
        days.*,
        history.history_starts_on,
        lag(days.visit_on) over patient_days as previous_visit_on,
        lead(days.visit_on) over patient_days as next_visit_on
    from days
    cross join history
    window patient_days as (partition by days.patient_key order by days.visit_on)

)

select
    *,
    -- While the history is shorter than `active_months`, new patients cannot be identified.
    previous_visit_on is null and {{ month_of('visit_on') }} >= {{ add_months('history_starts_on', var('active_months')) }} as is_new_patient,
    coalesce({{ add_months('previous_visit_on', var('active_months')) }} < visit_on, false) as is_reactivated_patient
from ordered
