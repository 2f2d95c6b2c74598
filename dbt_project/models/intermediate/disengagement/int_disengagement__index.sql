with

facts as (

    select * from {{ ref('int_disengagement__facts') }}
    where fact_type in ('visit', 'chronic_condition')

),

patients as (

    select * from {{ ref('int_patients__profile') }}

),

-- Patients who left, and when: no index from that day on.
departures as (

    select * from {{ ref('int_disengagement__departures') }}

),

months as (

    select
        index_on,
        {{ practice_midnight('index_on') }} as index_at
    from (
        select cast(unnest(generate_series(
            {{ month_of(add_months(as_of_on(), -var('index_months', 24))) }},
            {{ month_of(as_of_on()) }},
            interval 1 month
        )) as date) as index_on
    )

),

known as (

    select
        facts.patient_key,
        months.index_on,
        months.index_at,
        min(facts.event_at) filter (where facts.fact_type = 'visit') as first_visit_at,
        max(facts.event_at) filter (where facts.fact_type = 'visit') as last_visit_at,
        count(distinct facts.code) filter (where facts.fact_type = 'chronic_condition') as n_chronic_conditions
    from facts
    inner join months
        on {{ known_at('facts', 'months') }}
    group by facts.patient_key, months.index_on, months.index_at

),

seen as (

    select
        *,
        {{ practice_date('first_visit_at') }} as first_visit_on,
        {{ practice_date('last_visit_at') }} as last_visit_on
    from known
    where last_visit_at >= index_at - interval {{ disengagement_seen_months() }} month

),

-- An order from the last visit gives the expected date of the next; an older one was for a visit already made.
ordered as (

    select
        seen.patient_key,
        seen.index_on,
        max({'authored_on': orders.authored_on, 'due_on': orders.due_on}).due_on as due_on
    from seen
    inner join {{ ref('int_disengagement__follow_up_orders') }} as orders
        on seen.patient_key = orders.patient_key
        and orders.authored_at < seen.index_at
        and coalesce(orders.stands_until_at > seen.index_at, true)
        and orders.authored_on >= seen.last_visit_on
    group by seen.patient_key, seen.index_on

),

intervals as (

    select
        seen.*,
        {{ dbt.datediff('seen.last_visit_on', 'ordered.due_on', 'day') }} as ordered_interval_days,
        case when seen.n_chronic_conditions >= 3 then 3 when seen.n_chronic_conditions >= 1 then 6 else 12 end * 365.25 / 12
            as usual_interval_days
    from seen
    left join ordered
        on seen.patient_key = ordered.patient_key and seen.index_on = ordered.index_on

),

expected as (

    select
        * exclude (ordered_interval_days, usual_interval_days),
        -- A shorter or longer time is not an interval between visits but a check of one finding, or an error.
        coalesce(ordered_interval_days between 30 and 400, false) as has_follow_up_order,
        cast(case when ordered_interval_days between 30 and 400 then ordered_interval_days else usual_interval_days end as double)
            as expected_interval_days,
        {{ dbt.datediff('last_visit_on', 'index_on', 'day') }} as days_since_visit
    from intervals

)

select
    expected.patient_key,
    expected.index_on,
    expected.index_at,
    expected.first_visit_on,
    expected.last_visit_on,
    expected.last_visit_at,
    expected.days_since_visit,
    expected.expected_interval_days,
    expected.has_follow_up_order,
    expected.n_chronic_conditions,
    expected.days_since_visit / expected.expected_interval_days as overdue_ratio,
    patients.home_location_key as location_key,
    -- `lapsed` has its own list; `cannot_lapse` will not reach 1.5 expected intervals before the horizon ends.
    case
        when departures.departed_on <= expected.index_on then departures.reason
        when patients.birth_date is null then 'unknown_age'
        when {{ add_months('patients.birth_date', 216) }} > expected.index_on then 'minor'
        when expected.first_visit_on > expected.index_on - {{ disengagement_known_days() }} then 'new'
        when expected.days_since_visit > {{ disengagement_grace() }} * expected.expected_interval_days then 'lapsed'
        when expected.days_since_visit + {{ disengagement_horizon_days() }} <= {{ disengagement_grace() }} * expected.expected_interval_days then 'cannot_lapse'
        else 'eligible'
    end as status
from expected
inner join patients
    on expected.patient_key = patients.patient_key
left join departures
    on expected.patient_key = departures.patient_key
