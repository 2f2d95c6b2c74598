{#-
    When a person may be called: 8 to 21 local time (47 CFR 64.1200(c)(1)), or the state's narrower hours. In a state with two time
    zones, hours allowed in both; if the state is unknown, the federal hours of the whole country.
-#}
with

people as (

    select * from {{ ref('int_patients__demographics') }}

),

zones as (

    select * from {{ ref('state_time_zones') }}

),

laws as (

    select
        state,
        not_before_hour,
        not_after_hour
    from {{ ref('state_calling_hours') }}

),

days as (

    select
        people.patient_key,
        timezone(
            coalesce(zones.western_zone, 'Pacific/Honolulu'),
            cast({{ as_of_on() }} as timestamp) + to_hours(coalesce(laws.not_before_hour, 8))
        ) as not_before_at,
        timezone(
            coalesce(zones.eastern_zone, 'America/Puerto_Rico'),
            cast({{ as_of_on() }} as timestamp) + to_hours(coalesce(laws.not_after_hour, 21))
        ) as not_after_at
    from people
    left join zones
        on upper(trim(people.state)) = zones.state
    left join laws
        on zones.state = laws.state

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
