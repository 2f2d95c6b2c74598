{#- How likely each person answers, by part of the day. Few own answers are drawn towards those of patients alike. -#}
with

answers as (

    select * from {{ ref('int_outreach__answers') }}
    where channel in ('phone', 'sms')

),

everybody as (

    select
        part_of_day,
        avg(cast(is_answered as double)) as answer_share
    from answers
    group by part_of_day

),

segments as (

    select
        answers.patient_segment,
        everybody.part_of_day,
        {{ shrunk_share(
            'count(*) filter (where answers.' ~ 'part_of_day' ~ ' = everybody.' ~ 'part_of_day' ~ ' and answers.is_answered)',
            'count(*) filter (where answers.' ~ 'part_of_day' ~ ' = everybody.' ~ 'part_of_day' ~ ')',
            'any_value(everybody.answer_share)', 20
        ) }} as answer_share
    from answers
    cross join everybody
    group by answers.patient_segment, everybody.part_of_day

),

own as (

    select
        patient_key,
        part_of_day,
        count(*) filter (where is_answered) as n_answers,
        count(*) as n_attempts
    from answers
    group by patient_key, part_of_day

),

profiles as (

    select * from {{ ref('int_patients__profile') }}

)

select
    profiles.patient_key,
    segments.part_of_day,
    coalesce(own.n_attempts, 0) as n_attempts,
    coalesce(own.n_answers, 0) as n_answers,
    {{ shrunk_share('coalesce(own.n_answers, 0)', 'coalesce(own.n_attempts, 0)', 'segments.answer_share', 5) }} as answer_share
from profiles
inner join segments
    on profiles.patient_segment = segments.patient_segment
left join own
    on profiles.patient_key = own.patient_key and segments.part_of_day = own.part_of_day
