{#-
    Whether a person is held out at random in the half-year of the list: a permanent random number of the person (md5 with the
    practice's salt and the half-year, 52 bits as a share) lies below the hold-out share. It depends on nobody else, so no assignment
    changes because others join, leave or change their tier (Poisson sampling with permanent random numbers: Ohlsson 1995, Coordination
    of samples using permanent random numbers). The half-year is part of it, so that nobody is held out forever.
-#}
{% macro is_drawn(patient_key) -%}
    cast('0x' || substr(md5({{ dbt.string_literal(dbt.escape_single_quotes(var("holdout_salt"))) }} || '|'
        || cast(year({{ as_of_on() }}) * 2 + (month({{ as_of_on() }}) - 1) // 6 as varchar) || '|'
        || cast({{ patient_key }} as varchar)), 1, 13) as bigint) / 4503599627370496.0 < {{ var("holdout_share") }}
{%- endmacro %}

{#- The first day of the next half-year, on which a held-out person is drawn anew. -#}
{% macro next_half_year_on() -%}
    {{ add_months('make_date(year(' ~ as_of_on() ~ '), case when month(' ~ as_of_on() ~ ') <= 6 then 1 else 7 end, 1)', 6) }}
{%- endmacro %}

{#- Number of patients that a site's team can contact in a month. -#}
{% macro outreach_capacity(location_id) -%}
    coalesce(
        {%- for site, capacity in var("site_capacity").items() %}
        case when {{ location_id }} = {{ dbt.string_literal(dbt.escape_single_quotes(site)) }} then {{ capacity }} end,
        {%- endfor %}
        {{ var("outreach_capacity") }}
    )
{%- endmacro %}

{#- The reason why a lapsed patient is on the list; null for all others. -#}
{% macro lapse_in_words(patient, days='lapsed_days', interval='lapsed_interval_days') -%}
    'last visit ' || cast({{ patient }}.{{ days }} as varchar) || ' days ago, a visit expected every '
    || cast(cast({{ patient }}.{{ interval }} as integer) as varchar) || ' days'
{%- endmacro %}

{#-
    Why a patient is on the list, in one sentence: the finding with value and day, the risk with its first reason, the lapse, or the gaps.
    Who is scored is listed by the risk's rank at the site: a share alone does not say why 2 % is on the list.
-#}
{% macro why_listed(patient) -%}
    case {{ patient }}.list_reason
        when 'clinically_urgent' then {{ patient }}.urgent_findings
        when 'disengagement'
            then 'risk of drifting away ' || cast(cast(round(100 * {{ patient }}.score) as integer) as varchar)
            || ' % within {{ disengagement_horizon_days() }} days (no. ' || cast({{ patient }}.site_rank as varchar) || ' at the site)'
            || coalesce(': ' || {{ patient }}.reason_1, '')
        when 'reengagement' then {{ lapse_in_words(patient) }}
        when 'care_gap' then {{ gaps_in_words(patient ~ '.gap_titles') }}
    end
{%- endmacro %}

{#- Open gaps by title, the first two by name. -#}
{% macro gaps_in_words(titles) -%}
    'care gaps: ' || array_to_string(list_slice({{ titles }}, 1, 2), '; ')
    || case when array_length({{ titles }}) > 2 then '; and ' || cast(array_length({{ titles }}) - 2 as varchar) || ' more' else '' end
{%- endmacro %}

{#-
    A share, shrunk towards a wider group's share as if `weight` attempts of that group were added, because few attempts carry little
    information (James & Stein 1961; Efron & Morris 1975).
-#}
{% macro shrunk_share(n_answers, n_attempts, wider_share, weight) -%}
    (({{ n_answers }}) + {{ weight }} * ({{ wider_share }})) / (({{ n_attempts }}) + {{ weight }}.0)
{%- endmacro %}

{#-
    Each person's probability of answering, by channel or part of the day (`answered_by`), from the answers that `only` keeps. A person's
    share is shrunk towards that of similar patients, and theirs towards the overall share.
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

{#- Whether somebody answered, whatever the answer was. -#}
{% macro is_person_reached(outcome) -%}
    {{ outcome }} in ('scheduled', 'reached', 'declined', 'opted_out', 'done_elsewhere', 'moved')
{%- endmacro %}
