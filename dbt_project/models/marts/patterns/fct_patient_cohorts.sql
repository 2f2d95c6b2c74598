{%- set ends_on = add_months('visit_on', var('active_months')) -%}
with

visit_days as (

    select * from {{ ref('int_activity__visit_days') }}

),

profiles as (

    select * from {{ ref('int_patients__profile') }}

),

-- New patients, and the length of their first period of activity: until the first gap that is too long, death, or today.
new_patients as (

    select
        patient_key,
        visit_on as first_visit_on,
        location_key
    from visit_days
    where is_new_patient

),

lapses as (

    select
        patient_key,
        min({{ ends_on }}) as lapsed_on
    from visit_days
    where {{ ends_on }} < coalesce(next_visit_on, {{ as_of_on() }})
    group by patient_key

),

observed as (

    select
        new_patients.*,
        {{ quarter_of('new_patients.first_visit_on') }} as cohort_on,
        least(coalesce(profiles.deceased_on, {{ as_of_on() }}), {{ as_of_on() }}) as watched_until_on,
        lapses.lapsed_on
    from new_patients
    left join profiles
        on new_patients.patient_key = profiles.patient_key
    left join lapses
        on new_patients.patient_key = lapses.patient_key

),

quarters as (

    select cast(unnest(generate_series(0, cast({{ var('history_months') }} / 3 as integer))) as integer) as quarters_since

),

patient_quarters as (

    select
        observed.*,
        quarters.quarters_since,
        cast({{ dbt.dateadd('month', '3 * quarters.quarters_since', 'observed.first_visit_on') }} as date) as begins_on,
        cast({{ dbt.dateadd('month', '3 * quarters.quarters_since + 3', 'observed.first_visit_on') }} as date) as next_begins_on
    from observed
    inner join quarters
        on cast({{ dbt.dateadd('month', '3 * quarters.quarters_since', 'observed.first_visit_on') }} as date) < observed.watched_until_on

),

visits as (

    select
        patient_quarters.patient_key,
        patient_quarters.quarters_since
    from patient_quarters
    inner join visit_days
        on patient_quarters.patient_key = visit_days.patient_key
        and visit_days.visit_on > patient_quarters.first_visit_on
        and visit_days.visit_on >= patient_quarters.begins_on
        and visit_days.visit_on < patient_quarters.next_begins_on
    group by all

),

judged as (

    select
        patient_quarters.*,
        patient_quarters.next_begins_on <= patient_quarters.watched_until_on as is_whole,
        visits.patient_key is not null as has_visit,
        coalesce(patient_quarters.lapsed_on >= patient_quarters.begins_on, true) as is_at_risk,
        coalesce(
            patient_quarters.lapsed_on >= patient_quarters.begins_on
            and patient_quarters.lapsed_on < patient_quarters.next_begins_on
            and patient_quarters.lapsed_on < patient_quarters.watched_until_on,
            false
        ) as is_lapse
    from patient_quarters
    left join visits
        on patient_quarters.patient_key = visits.patient_key
        and patient_quarters.quarters_since = visits.quarters_since

),

final as (

    select
        cohort_on,
        location_key,
        quarters_since,
        count(*) filter (where is_whole) as n_patients,
        count(*) filter (where is_whole and has_visit) as n_visited,
        count(*) filter (where is_at_risk) as n_at_risk,
        count(*) filter (where is_lapse) as n_lapsed
    from judged
    group by all

)

select
    {{ contract_columns() }}
from final
