with

stays as (

    select
        *,
        ended_on as discharged_on,
        lead(started_on) over (partition by patient_key order by started_at, encounter_key) as next_admitted_on
    from {{ ref('int_activity__encounters') }}
    where class_code in ('IMP', 'ACUTE')
        and status = 'finished'
        and patient_key is not null
        and ended_on < {{ as_of_on() }}

),

visit_days as (

    select * from {{ ref('int_activity__visit_days') }}

),

profiles as (

    select * from {{ ref('int_patients__profile') }}

),

follow_ups as (

    select
        stays.encounter_key,
        min(visit_days.visit_on) as followed_up_on
    from stays
    inner join visit_days
        on stays.patient_key = visit_days.patient_key
        and visit_days.visit_on > stays.discharged_on
        and visit_days.visit_on <= stays.discharged_on + 30
    group by stays.encounter_key

)

-- The hospital provides the stay; the patient's own site and provider are responsible for follow-up.
select
    stays.encounter_key,
    stays.patient_key,
    stays.discharged_on,
    follow_ups.followed_up_on,
    stays.next_admitted_on,
    profiles.deceased_on,
    profiles.home_location_key as location_key,
    profiles.primary_provider_key as provider_key,
    stays.payer_class,
    stays.patient_segment
from stays
inner join profiles
    on stays.patient_key = profiles.patient_key
left join follow_ups
    on stays.encounter_key = follow_ups.encounter_key
-- Another stay on the same day is a transfer, not a discharge. Patients who died in hospital cannot be followed up.
where stays.next_admitted_on is distinct from stays.discharged_on
    and coalesce(profiles.deceased_on > stays.discharged_on, true)
