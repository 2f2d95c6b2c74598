-- CMS135 Heart Failure: ACE Inhibitor, ARB or ARNI for Left Ventricular Systolic Dysfunction (FHIR), version 1.0.000
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

    {{ ordered_or_taken('visits', value_sets=['ace_inhibitor_or_arb_or_arni']) }}

),

-- Whether the pregnancy has ended is not looked at
pregnancies as (

    select
        patient_key,
        lo_at_earliest,
        lo_at_latest,
        lo_on_latest
    from {{ ref('int_clinical__conditions') }}
    where value_set = 'pregnancy' and is_verified

    union all

    select
        patient_key,
        lo_at_earliest,
        lo_at_latest,
        lo_on_latest
    from {{ ref('int_clinical__observations') }}
    where value_set = 'pregnancy_status' and is_performed and list_contains(value_value_sets, 'pregnancy')

),

denominator_exceptions as (

    {{ not_to_be_given(
        'visits', value_sets=['ace_inhibitor_or_arb_or_arni'], rule=1, may_be_rejected=false,
        reasons=['medical_reason', 'patient_reason', 'patient_reason_for_ace_inhibitor_or_arb_decline']
    ) }}

    union all

    {{ allergic_at(
        'visits', value_sets=['ace_inhibitor_or_arb_or_arni_ingredient', 'ace_inhibitor_arb_or_arni_substance'], rule=2,
        verifications=['confirmed', 'unconfirmed']
    ) }}

    union all

    {{ diagnosed_at(
        'visits', value_sets=['allergy_to_ace_inhibitor_or_arb', 'intolerance_to_ace_inhibitor_or_arb'], rule=3, is_beyond=true,
        words="'Allergy or intolerance: ' || coalesce(conditions.code_name, 'on record')"
    ) }}

    union all

    select
        visits.period_key,
        visits.patient_key,
        4 as rule,
        pregnancies.lo_on_latest as evidence_on,
        'Pregnancy' as reason
    from visits
    inner join pregnancies
        on visits.patient_key = pregnancies.patient_key
        and pregnancies.lo_at_earliest >= visits.started_at - interval 9 month
        and pregnancies.lo_at_latest <= visits.started_at

    union all

    {{ diagnosed_at(
        'visits', value_sets=['renal_failure_caused_by_ace_inhibitor'], rule=5, words="'Renal failure caused by an ACE inhibitor'"
    ) }}

),

findings as (

    {{ therapy_findings('denominator', value_sets=['ace_inhibitor_or_arb_or_arni'], drug='ACE inhibitor, ARB or ARNI') }}

)

{{ measure_results(has_exceptions=true, has_findings=true) }}
