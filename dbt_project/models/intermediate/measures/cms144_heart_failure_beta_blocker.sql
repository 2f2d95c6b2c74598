-- CMS144 Heart Failure: Beta-Blocker Therapy for Left Ventricular Systolic Dysfunction (FHIR), version 1.0.000
with

heart_failure_visits as (

    select * from {{ ref('int_measures__heart_failure_visits') }}

),

initial_population as (

    select
        period_key,
        patient_key
    from heart_failure_visits

),

-- Each rule may hold at another of these visits
visits as (

    select * from heart_failure_visits
    where has_dysfunction

),

denominator as (

    select distinct
        period_key,
        patient_key
    from visits

),

denominator_exclusions as (

    select * from {{ ref('int_measures__replaced_hearts') }}

),

numerator as (

    {{ ordered_or_taken('visits', value_sets=['beta_blocker_therapy_for_lvsd']) }}

),

denominator_exceptions as (

    {{ slow_pulses('visits', rule=1) }}

    union all

    -- Neither status nor intent is looked at here
    {{ not_to_be_given(
        'visits', value_sets=['beta_blocker_therapy_for_lvsd'], reasons=['medical_reason', 'patient_reason'], rule=2, is_any_status=true
    ) }}

    union all

    {{ diagnosed_at(
        'visits', value_sets=['arrhythmia', 'hypotension', 'asthma', 'bradycardia'], rule=3,
        words="coalesce(conditions.code_name, conditions.value_set)"
    ) }}

    union all

    {{ diagnosed_at(
        'visits', value_sets=['allergy_to_beta_blocker_therapy', 'intolerance_to_beta_blocker_therapy'], rule=4, is_beyond=true,
        words="'Allergy or intolerance: ' || coalesce(conditions.code_name, 'on record')"
    ) }}

    union all

    {{ allergic_at(
        'visits', value_sets=['beta_blocker_therapy_ingredient', 'beta_blocking_substance'], rule=5,
        verifications=['confirmed', 'unconfirmed']
    ) }}

    union all

    {{ block_without_pacemaker('visits', rule=6) }}

),

findings as (

    {{ therapy_findings('denominator', value_sets=['beta_blocker_therapy_for_lvsd'], drug='beta blocker', others=['beta_blocker_therapy']) }}

)

{{ measure_results(has_exceptions=true, has_findings=true) }}
