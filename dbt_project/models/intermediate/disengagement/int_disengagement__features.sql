with

-- The start of each window, once per month: calendar arithmetic on instants took 7 s for 300 patients.
windows as (

    select
        index_on
        {%- for months in window_months() %},
        {{ practice_midnight(add_months('index_on', -months)) }} as months_{{ months }}_at
        {%- endfor %}
    from (select distinct index_on from {{ ref('int_disengagement__index') }}) as indexes

),

eligible as (

    select
        indexes.*,
        windows.* exclude (index_on)
    from {{ ref('int_disengagement__index') }} as indexes
    inner join windows
        on indexes.index_on = windows.index_on
    where indexes.status = 'eligible'

),

people as (

    select * from {{ ref('int_patients__demographics') }}

),

from_facts as (

    select
        eligible.patient_key,
        eligible.index_on,

        {{ n_facts('visit', 6) }} as n_visits_6_months,
        {{ n_facts('visit', 12) }} as n_visits_12_months,
        {{ n_facts('visit', 24) }} as n_visits_24_months,
        {{ newest('facts.code', ['facts.event_at']) }} filter (where facts.fact_type = 'visit') as last_clinician,
        {{ newest('facts.location_key', ['facts.event_at', 'facts.code']) }} filter (where facts.fact_type = 'visit') as last_location_key,

        {{ n_facts('no_show', 6) }} as n_no_shows_6_months,
        {{ n_facts('patient_cancellation', 6) }} as n_patient_cancellations_6_months,
        {{ n_facts('practice_cancellation', 6) }} as n_practice_cancellations_6_months,
        avg(facts.value) filter (
            where facts.fact_type in ('kept_appointment', 'no_show', 'patient_cancellation', 'practice_cancellation')
            and facts.event_at >= eligible.months_6_at
        ) as lead_time_days,
        {{ newest("facts.fact_type in ('no_show', 'patient_cancellation')", ['facts.event_at']) }} filter (
            where facts.fact_type in ('kept_appointment', 'no_show', 'patient_cancellation')
        ) as is_last_appointment_missed,

        {{ n_facts('booking', 6) }} as n_bookings_6_months,
        max(facts.event_at) filter (where facts.fact_type = 'booking') as last_booking_at,

        {{ n_facts('portal_login', 3) }} as n_portal_logins_3_months,
        {{ n_facts('portal_login', 6) }} as n_portal_logins_6_months,
        max(facts.event_at) filter (where facts.fact_type = 'portal_login') as last_portal_login_at,
        {{ n_facts('portal_login', 3) }} - {{ n_facts('portal_login', 6, until_month=3) }} as portal_login_trend,
        -- Logins reveal who activated it before the extract begins
        coalesce(bool_or(facts.fact_type in ('portal_activation', 'portal_login')), false) as has_portal_account,

        {%- for channel in ['sms', 'email', 'phone', 'portal'] %}
        {{ n_facts('reply', 6, channel) }} as n_{{ channel }}_replies_6_months,
        {%- endfor %}
        max(facts.event_at) filter (where facts.fact_type = 'reply') as last_reply_at,
        avg(facts.value) filter (
            where facts.fact_type = 'message' and facts.event_at >= eligible.months_6_at
        ) as reply_rate_6_months,
        -- All answers of a survey have the same instant: take the best, so that ties are not left to chance
        max({'event_at': facts.event_at, 'value': facts.value}) filter (
            where facts.fact_type = 'survey_answer' and facts.event_at >= eligible.months_6_at
        ).value as satisfaction_rate,
        {{ n_facts('reached_contact', 6) }} as n_reached_contacts_6_months,
        {{ n_facts('unreached_contact', 6) }} as n_unreached_contacts_6_months,

        -- As decimals: floats come out differently with the order in which threads add them
        sum(cast(facts.value as decimal(18, 2))) filter (where facts.fact_type = 'balance_movement') as balance_due_usd,

        {{ newest('facts.code', ['facts.event_at']) }} filter (where facts.fact_type = 'coverage') as coverage_code,
        {{ newest('facts.code', ['facts.event_at']) }} filter (
            where facts.fact_type = 'coverage' and facts.event_at < eligible.months_12_at
        ) as earlier_coverage_code
    from eligible
    inner join {{ ref('int_disengagement__facts') }} as facts
        on eligible.patient_key = facts.patient_key
        and {{ known_at('facts', 'eligible') }}
    group by eligible.patient_key, eligible.index_on

),

from_bookings as (

    select
        eligible.patient_key,
        eligible.index_on,
        min(bookings.starts_at) as next_appointment_at
    from eligible
    inner join {{ ref('int_disengagement__bookings') }} as bookings
        on eligible.patient_key = bookings.patient_key
        and bookings.booked_at < eligible.index_at
        and bookings.stands_until_at >= eligible.index_at
    group by eligible.patient_key, eligible.index_on

),

-- Open gaps as published: those of the newest month published by then. Today's knowledge of that month is not used.
shown_gaps as (

    select
        patient_key,
        month_end_on,
        {{ practice_midnight('month_end_on') }} as event_at,
        published_at as recorded_at,
        count(distinct measure_code) filter (where gap_status = 'open') as n_open_gaps
    from {{ ref('stg_landing__published_gap_months') }}
    where measure_code in (select measure_code from {{ ref('measure_catalog') }} where is_for_outreach)
    group by patient_key, month_end_on, published_at

),

gaps as (

    select
        eligible.patient_key,
        eligible.index_on,
        {{ newest('shown_gaps.n_open_gaps', ['shown_gaps.month_end_on']) }} as n_open_gaps
    from eligible
    inner join shown_gaps
        on eligible.patient_key = shown_gaps.patient_key
        and {{ known_at('shown_gaps', 'eligible') }}
    group by eligible.patient_key, eligible.index_on

),

-- When a clinician left, as on record at the index.
clinicians as (

    select
        cast(providers.provider_key as varchar) as clinician,
        max({{ practice_midnight('roles.ended_on') }}) as event_at,
        max(coalesce(roles.recorded_at, {{ practice_midnight('roles.ended_on') }})) as recorded_at
    from {{ ref('stg_ehr__practitioner_roles') }} as roles
    inner join {{ ref('int_reference__providers') }} as providers
        on roles.source_system = providers.source_system
        and roles.practitioner_id = providers.practitioner_id
    group by providers.provider_key
    having bool_and(roles.ended_on is not null)

),

programs as (

    select
        locations.location_key,
        min(rollout.go_live_on) as go_live_on,
        min(coalesce(rollout.recorded_at, {{ practice_midnight('rollout.go_live_on') }})) as recorded_at
    from {{ ref('stg_crm__program_rollout') }} as rollout
    inner join {{ ref('int_reference__locations') }} as locations
        on rollout.location_id = locations.location_id
    group by locations.location_key

)

select
    eligible.patient_key,
    eligible.index_on,
    eligible.overdue_ratio,
    eligible.days_since_visit,
    eligible.expected_interval_days,
    least({{ dbt.datediff('eligible.first_visit_on', 'eligible.index_on', 'month') }}, 24) as months_known,
    from_facts.* exclude (
        patient_key, index_on, last_clinician, last_location_key, last_booking_at, last_portal_login_at, last_reply_at,
        balance_due_usd, coverage_code, earlier_coverage_code
    ),
    {%- for event in ['booking', 'portal_login', 'reply'] %}
    {{ dbt.datediff(practice_date('from_facts.last_' ~ event ~ '_at'), 'eligible.index_on', 'day') }} as days_since_{{ event }},
    {%- endfor %}
    coalesce(from_facts.balance_due_usd, 0) as balance_due_usd,
    from_facts.coverage_code <> from_facts.earlier_coverage_code as is_payer_changed_12_months,
    from_facts.coverage_code like 'medicaid %' as is_medicaid,
    from_facts.coverage_code like 'self_pay %' as is_self_pay,
    from_bookings.next_appointment_at is not null as has_next_appointment,
    {{ dbt.datediff('eligible.index_on', practice_date('from_bookings.next_appointment_at'), 'day') }} as days_to_next_appointment,
    clinicians.clinician is not null as is_clinician_departed_6_months,
    -- A plan counts from when it is on record; its share of the horizon is arithmetic.
    coalesce(least(greatest(
        {{ dbt.datediff('programs.go_live_on', 'eligible.index_on', 'day') }} + {{ disengagement_horizon_days() }}, 0
    ) / {{ disengagement_horizon_days() }}.0, 1), 0) as program_share_of_horizon,
    gaps.n_open_gaps,
    eligible.n_chronic_conditions,
    {{ dbt.datediff('people.birth_date', 'eligible.index_on', 'day') }} / 365.25 as age_years,
    people.sex = 'female' as is_female
from eligible
inner join people
    on eligible.patient_key = people.patient_key
inner join from_facts
    on eligible.patient_key = from_facts.patient_key and eligible.index_on = from_facts.index_on
left join from_bookings
    on eligible.patient_key = from_bookings.patient_key and eligible.index_on = from_bookings.index_on
left join clinicians
    on from_facts.last_clinician = clinicians.clinician
    and {{ known_at('clinicians', 'eligible') }}
    and clinicians.event_at >= eligible.months_6_at
left join gaps
    on eligible.patient_key = gaps.patient_key and eligible.index_on = gaps.index_on
left join programs
    on from_facts.last_location_key = programs.location_key
    and programs.recorded_at <= eligible.index_at
