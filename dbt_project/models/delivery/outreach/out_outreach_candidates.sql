{{ config(materialized='ephemeral', contract={'enforced': false}) }}
{#- All patients whom the team might contact, with the conditions that decide. The list and the suppressions are its two
halves. -#}
with

patients as (

    select * from {{ ref('dim_patients') }}

),

scores as (

    select * from {{ source('ml', 'disengagement_scores') }}

),

reengagement as (

    select * from {{ ref('int_disengagement__reengagement') }}

),

guard_rails as (

    select * from {{ ref('int_outreach__guard_rails') }}

),

gaps as (

    select * from {{ ref('out_open_gaps') }}

),

urgent as (

    select
        findings.patient_key,
        findings.findings,
        coalesce(findings.next_action, measures.next_action) as next_action
    from {{ ref('int_outreach__urgent_findings') }} as findings
    inner join {{ ref('dim_measures') }} as measures
        on findings.measure_code = measures.measure_code

),

-- The effect of a contact: measured by the hold-out if possible, otherwise the practice's assumption.
measured as (

    select max(lift) as effect
    from {{ source('ml', 'outreach_lift') }}
    where month = 'all' and tier = 'all' and low > 0

),

considered as (

    select
        patients.* exclude (last_contacted_on, n_open_gaps),
        scores.index_on,
        scores.method,
        scores.model_version,
        scores.score,
        scores.site_rank,
        coalesce(scores.tier, 'none') as tier,
        scores.reason_1,
        scores.reason_2,
        scores.reason_3,
        reengagement.days_since_visit as lapsed_days,
        reengagement.expected_interval_days as lapsed_interval_days,
        reengagement.site_rank as lapsed_rank,
        gaps.open_gaps,
        coalesce(gaps.n_open_gaps, 0) as n_open_gaps,
        coalesce(urgent.next_action, gaps.first_action) as first_action,
        gaps.titles as gap_titles,
        urgent.findings as urgent_findings,
        urgent.patient_key is not null as is_clinically_urgent,
        -- Risk x effect x value, in US dollars. Lapsed patients have risk 1, discounted by the time since the visit was due.
        coalesce(measured.effect, {{ var('contact_effect') }}) * (
            {{ var('retained_margin_usd') }} * coalesce(
                scores.score,
                1.5 * reengagement.expected_interval_days / reengagement.days_since_visit,
                0
            )
            + {{ var('closed_gap_usd') }} * coalesce(gaps.n_open_gaps, 0)
        ) as expected_benefit_usd,
        case
            when urgent.patient_key is not null then 'clinically_urgent'
            when scores.tier in ('high', 'medium') and patients.next_appointment_at is null then 'disengagement'
            when reengagement.patient_key is not null then 'reengagement'
            when gaps.patient_key is not null and patients.is_active then 'care_gap'
        end as list_reason
    from patients
    cross join measured
    left join scores
        on patients.patient_key = scores.patient_key
    left join reengagement
        on patients.patient_key = reengagement.patient_key
    left join gaps
        on patients.patient_key = gaps.patient_key
    left join urgent
        on patients.patient_key = urgent.patient_key

),

guarded as (

    select
        considered.*,
        {{ why_listed('considered') }} as why,
        guard_rails.* exclude (patient_key),
        case
            when guard_rails.patient_key is null then 'not_checked'
            when guard_rails.barrier is not null then guard_rails.barrier
            when considered.is_clinically_urgent then null
            when guard_rails.is_too_soon and guard_rails.n_attempts_30_days >= 3 then 'attempt_cap'
            when guard_rails.is_too_soon then 'recently_contacted'
        end as barrier_now
    from considered
    left join guard_rails
        on considered.patient_key = guard_rails.patient_key
    where considered.list_reason is not null

)

-- A share of the patients without a reason for exclusion is held out at random, to estimate the effect of outreach.
select
    * exclude (barrier, barrier_now, is_too_soon),
    case
        when barrier_now is not null then barrier_now
        when not is_clinically_urgent and {{ is_drawn('patient_key') }} then 'held_out'
    end as suppress_reason
from guarded
