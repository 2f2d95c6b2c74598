with

predictions as (

    select * from {{ ref('int_no_show__prediction_times') }}

),

people as (

    select * from {{ ref('int_patients__demographics') }}

),

past as (

    select
        predictions.appointment_key,
        count(*) filter (where facts.fact_type in ('kept_appointment', 'no_show') and facts.event_at >= predictions.from_12_months_at) as n_due_12_months,
        count(*) filter (where facts.fact_type = 'no_show' and facts.event_at >= predictions.from_12_months_at) as n_no_shows_12_months,
        count(*) filter (where facts.fact_type = 'patient_cancellation' and facts.event_at >= predictions.from_12_months_at) as n_cancellations_12_months,
        count(*) filter (where facts.fact_type = 'visit' and facts.event_at >= predictions.from_12_months_at) as n_visits_12_months,
        count(*) filter (where facts.fact_type = 'portal_login' and facts.event_at >= predictions.from_3_months_at) as n_portal_logins_3_months,
        count(distinct facts.code) filter (where facts.fact_type = 'chronic_condition') as n_chronic_conditions,
        max(facts.event_at) filter (where facts.fact_type = 'visit') as last_visit_at,
        {{ newest("facts.fact_type = 'no_show'", ['facts.event_at']) }} filter (
            where facts.fact_type in ('kept_appointment', 'no_show')
        ) as is_last_missed,
        {{ newest('facts.code', ['facts.event_at']) }} filter (where facts.fact_type = 'coverage') as coverage_code
    from predictions
    inner join {{ ref('int_disengagement__facts') }} as facts
        on predictions.patient_key = facts.patient_key
        and facts.event_at < predictions.predicted_at
        and facts.recorded_at <= predictions.predicted_at
    group by predictions.appointment_key

)

select
    predictions.appointment_key,
    predictions.patient_key,
    predictions.location_key,
    predictions.starts_at,
    predictions.predicted_at,
    {{ practice_date('predictions.predicted_at') }} as predicted_on,
    predictions.is_no_show,
    predictions.is_ahead,

    {{ dbt.datediff(practice_date('predictions.booked_at'), practice_date('predictions.starts_at'), 'day') }} as lead_time_days,
    {{ practice_hour('predictions.starts_at') }} as start_hour,
    cast(predictions.duration_minutes as double) as duration_minutes,
    -- Prior of two appointments at one missed in ten, so that a first miss does not predict that a patient misses everything.
    {{ shrunk_share('coalesce(past.n_no_shows_12_months, 0)', 'coalesce(past.n_due_12_months, 0)', '0.1', 2) }}
        as no_show_share_12_months,
    coalesce(past.n_due_12_months, 0) as n_due_12_months,
    coalesce(past.n_no_shows_12_months, 0) as n_no_shows_12_months,
    coalesce(past.n_cancellations_12_months, 0) as n_cancellations_12_months,
    coalesce(past.n_visits_12_months, 0) as n_visits_12_months,
    coalesce(past.n_portal_logins_3_months, 0) as n_portal_logins_3_months,
    coalesce(past.n_chronic_conditions, 0) as n_chronic_conditions,
    {{ dbt.datediff(practice_date('past.last_visit_at'), practice_date('predictions.predicted_at'), 'day') }} as days_since_visit,
    {{ dbt.datediff('people.birth_date', practice_date('predictions.predicted_at'), 'day') }} / 365.25 as age_years,

    coalesce(past.is_last_missed, false) as is_last_missed,
    past.last_visit_at is null as is_first_visit,
    extract(isodow from {{ practice_time('predictions.starts_at') }}) = 1 as is_monday,
    extract(isodow from {{ practice_time('predictions.starts_at') }}) = 5 as is_friday,
    past.coverage_code like 'medicaid %' as is_medicaid
from predictions
inner join people
    on predictions.patient_key = people.patient_key
left join past
    on predictions.appointment_key = past.appointment_key
