{#-
    When a person may be called: 8 to 21 local time (47 CFR 64.1200(c)(1)). In a state with two time zones, hours allowed in both; if the
    state is unknown, hours allowed in the whole country.
-#}
with

people as (

    select * from {{ ref('int_patients__demographics') }}

),

zones as (

    select * from {{ ref('state_time_zones') }}

),

days as (

    select
        people.patient_key,
        timezone(
            coalesce(zones.western_zone, 'Pacific/Honolulu'), cast({{ as_of_on() }} as timestamp) + interval 8 hour
        ) as not_before_at,
        timezone(
            coalesce(zones.eastern_zone, 'America/Puerto_Rico'), cast({{ as_of_on() }} as timestamp) + interval 21 hour
        ) as not_after_at
    from people
    left join zones
        on upper(trim(people.state)) = zones.state

),

-- The allowed hour in which the person is most likely to answer.
best as (

    select
        hours.patient_key,
        max_by(hours.part_of_day, (hours.answer_share, -hours.part_of_day)) as part_of_day
    from {{ ref('int_outreach__hour_answers') }} as hours
    inner join days
        on hours.patient_key = days.patient_key
        and cast(
            cast({{ as_of_on() }} as timestamp) + to_hours(hours.part_of_day) as timestamp
        ) at time zone '{{ var("time_zone") }}' between days.not_before_at and days.not_after_at - interval 1 hour
    group by hours.patient_key

)

select
    days.patient_key,
    days.not_before_at,
    days.not_after_at,
    coalesce(best.part_of_day, cast({{ practice_hour('days.not_before_at') }} as integer)) as recommended_hour
from days
left join best
    on days.patient_key = best.patient_key
