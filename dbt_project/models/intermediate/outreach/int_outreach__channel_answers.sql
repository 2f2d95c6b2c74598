{#- How likely each person answers, by channel. Few own answers are drawn towards those of patients alike. -#}
with

answers as (

    select * from {{ ref('int_outreach__answers') }}

),

everybody as (

    select
        channel,
        avg(cast(is_answered as double)) as answer_share
    from answers
    group by channel

),

segments as (

    select
        answers.patient_segment,
        everybody.channel,
        {{ shrunk_share(
            'count(*) filter (where answers.' ~ 'channel' ~ ' = everybody.' ~ 'channel' ~ ' and answers.is_answered)',
            'count(*) filter (where answers.' ~ 'channel' ~ ' = everybody.' ~ 'channel' ~ ')',
            'any_value(everybody.answer_share)', 20
        ) }} as answer_share
    from answers
    cross join everybody
    group by answers.patient_segment, everybody.channel

),

own as (

    select
        patient_key,
        channel,
        count(*) filter (where is_answered) as n_answers,
        count(*) as n_attempts
    from answers
    group by patient_key, channel

),

profiles as (

    select * from {{ ref('int_patients__profile') }}

)

select
    profiles.patient_key,
    segments.channel,
    coalesce(own.n_attempts, 0) as n_attempts,
    coalesce(own.n_answers, 0) as n_answers,
    {{ shrunk_share('coalesce(own.n_answers, 0)', 'coalesce(own.n_attempts, 0)', 'segments.answer_share', 5) }} as answer_share
from profiles
inner join segments
    on profiles.patient_segment = segments.patient_segment
left join own
    on profiles.patient_key = own.patient_key and segments.channel = own.channel
