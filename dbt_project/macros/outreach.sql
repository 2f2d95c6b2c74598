{#-
    A number that looks random and is always the same for a person in one half-year: md5 with the practice's salt. The wave is part of it,
    so that nobody is left out for ever.
-#}
{% macro holdout_draw(patient_key) -%}
    md5('{{ var("holdout_salt", "caregap") }}' || '|'
        || cast(year({{ as_of_on() }}) * 2 + (month({{ as_of_on() }}) - 1) // 6 as varchar) || '|' || cast({{ patient_key }} as varchar))
{%- endmacro %}

{#- Why somebody who has lapsed is on the list; null for anybody else. -#}
{% macro lapse_in_words(patient) -%}
    'last visit ' || cast({{ patient }}.lapsed_days as varchar) || ' days ago, a visit expected every '
    || cast(cast({{ patient }}.lapsed_interval_days as integer) as varchar) || ' days'
{%- endmacro %}

{#-
    A share, drawn towards a wider group's share as if `weight` attempts of that group were added: few own attempts say little
    (James & Stein 1961; Efron & Morris 1975).
-#}
{% macro shrunk_share(n_answers, n_attempts, wider_share, weight) -%}
    (({{ n_answers }}) + {{ weight }} * ({{ wider_share }})) / (({{ n_attempts }}) + {{ weight }}.0)
{%- endmacro %}

{#-
    How likely each person answers, by channel or part of the day (`answered_by`), of the answers that `only` keeps. Few own answers are
    drawn towards those of patients alike, and theirs towards everybody's.
-#}
{% macro answer_shares(answered_by, only=none) -%}
with

answers as (

    select * from {{ ref('int_outreach__answers') }}
    {%- if only %}
    where {{ only }}
    {%- endif %}

),

everybody as (

    select
        {{ answered_by }},
        avg(cast(is_answered as double)) as answer_share
    from answers
    group by {{ answered_by }}

),

segments as (

    select
        answers.patient_segment,
        everybody.{{ answered_by }},
        {{ shrunk_share(
            'count(*) filter (where answers.' ~ answered_by ~ ' = everybody.' ~ answered_by ~ ' and answers.is_answered)',
            'count(*) filter (where answers.' ~ answered_by ~ ' = everybody.' ~ answered_by ~ ')',
            'any_value(everybody.answer_share)', 20
        ) }} as answer_share
    from answers
    cross join everybody
    group by answers.patient_segment, everybody.{{ answered_by }}

),

own as (

    select
        patient_key,
        {{ answered_by }},
        count(*) filter (where is_answered) as n_answers,
        count(*) as n_attempts
    from answers
    group by patient_key, {{ answered_by }}

),

profiles as (

    select * from {{ ref('int_patients__profile') }}

)

select
    profiles.patient_key,
    segments.{{ answered_by }},
    coalesce(own.n_attempts, 0) as n_attempts,
    coalesce(own.n_answers, 0) as n_answers,
    {{ shrunk_share('coalesce(own.n_answers, 0)', 'coalesce(own.n_attempts, 0)', 'segments.answer_share', 5) }} as answer_share
from profiles
inner join segments
    on profiles.patient_segment = segments.patient_segment
left join own
    on profiles.patient_key = own.patient_key and segments.{{ answered_by }} = own.{{ answered_by }}
{%- endmacro %}
