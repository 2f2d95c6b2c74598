{{ config(materialized='ephemeral', contract={'enforced': false}) }}
{#- Whom each running campaign is for, by its rule alone, with the finding in words and the day by which to reach them. -#}
with

rules as (

    select * from {{ ref('int_outreach__campaigns') }}

),

people as (

    select * from {{ ref('dim_patients') }}
    where is_active and next_appointment_at is null

),

gaps as (

    select * from {{ ref('out_open_gaps') }}

),

found as (

    select
        'discharge' as audience,
        cast(null as varchar) as condition_name,
        patient_key,
        finding,
        due_on
    from {{ ref('int_outreach__discharged') }}

    union all

    select
        'visit' as audience,
        null as condition_name,
        patient_key,
        finding,
        due_on
    from {{ ref('int_outreach__ordered_visits') }}

    union all

    select
        'lapsed' as audience,
        null as condition_name,
        reengagement.patient_key,
        {{ lapse_in_words('reengagement', 'days_since_visit', 'expected_interval_days') }} as finding,
        {{ as_of_on() }} + 14 as due_on
    from {{ ref('int_disengagement__reengagement') }} as reengagement

    union all

    select
        'prevention' as audience,
        null as condition_name,
        people.patient_key,
        {{ gaps_in_words('gaps.preventive_titles') }} as finding,
        {{ as_of_on() }} + 14 as due_on
    from people
    inner join gaps
        on people.patient_key = gaps.patient_key
    where array_length(gaps.preventive_titles) > 0

    union all

    select
        'condition' as audience,
        conditions.condition_name,
        people.patient_key,
        {{ condition_in_words('conditions.condition_name') }} || coalesce(', last seen on ' || cast(people.last_visit_on as varchar), '')
        || coalesce('; ' || {{ gaps_in_words('gaps.titles') }}, '') as finding,
        {{ as_of_on() }} + 14 as due_on
    from people
    inner join {{ ref('int_patients__chronic_conditions') }} as conditions
        on people.patient_key = conditions.patient_key
    left join gaps
        on people.patient_key = gaps.patient_key

)

select
    rules.campaign_code,
    found.patient_key,
    found.finding,
    greatest(found.due_on, {{ as_of_on() }} + 1) as due_on,
    -- The longest wait first.
    found.due_on as waiting_since_on
from rules
inner join found
    on
        rules.audience = found.audience
        and coalesce(rules.condition_name = found.condition_name, true)
inner join {{ ref('dim_patients') }} as patients
    on found.patient_key = patients.patient_key
left join gaps
    on found.patient_key = gaps.patient_key
where
    coalesce(list_contains(gaps.measure_codes, rules.measure_code), rules.measure_code is null)
    and (
        rules.no_visit_months is null
        or coalesce({{ add_months('patients.last_visit_on', 'rules.no_visit_months') }} < {{ as_of_on() }}, true)
    )
