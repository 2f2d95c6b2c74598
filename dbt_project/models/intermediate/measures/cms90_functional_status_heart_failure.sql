{#- Each instrument with its scores: it is done on a day when all of them are there. Oblique and orthogonal scores are different instruments. -#}
{%- set instruments = {
    'PROMIS-10': ['promis_10_mental', 'promis_10_physical'],
    'PROMIS-29': [
        'promis_29_sleep', 'promis_29_social_roles', 'promis_29_physical_function', 'promis_29_pain', 'promis_29_fatigue',
        'promis_29_depression', 'promis_29_anxiety',
    ],
    'VR-12 oblique': ['vr_12_oblique_mental', 'vr_12_oblique_physical'],
    'VR-12 orthogonal': ['vr_12_orthogonal_mental', 'vr_12_orthogonal_physical'],
    'VR-36 oblique': ['vr_36_oblique_mental', 'vr_36_oblique_physical'],
    'VR-36 orthogonal': ['vr_36_orthogonal_mental', 'vr_36_orthogonal_physical'],
    'MLHFQ': ['mlhfq_physical', 'mlhfq_emotional'],
    'KCCQ-12': ['kccq_12_form', 'kccq_12_summary'],
    'KCCQ domains': [
        'kccq_quality_of_life', 'kccq_symptom_stability', 'kccq_self_efficacy', 'kccq_total_symptoms', 'kccq_physical_limitation',
        'kccq_social_limitation',
    ],
    'KCCQ total': ['kccq_summary'],
} -%}
-- CMS90 Functional Status Assessments for Heart Failure (FHIR), version 1.0.000
with

-- Heart failure is known before the period, and reaches into it
patients as (

    select *
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    where
        age_at_start >= 18
        and exists (
            select 1
            from {{ ref('int_clinical__conditions') }} as conditions
            where
                conditions.patient_key = patient_periods.patient_key
                and conditions.value_set = 'heart_failure'
                and conditions.is_verified
                and {{ overlaps_before_days('conditions', 'patient_periods.period_start_on') }}
        )

),

visits as (

    select
        patients.period_key,
        patients.patient_key,
        encounters.lo_on_earliest as started_on,
        encounters.hi_on_latest as ended_on
    from patients
    inner join {{ ref('int_clinical__encounters') }} as encounters
        on patients.patient_key = encounters.patient_key
        and {{ during_days('encounters', 'patients.period_start_on', 'patients.period_end_on') }}
    where encounters.is_performed and encounters.value_set in ('office_visit', 'virtual_encounter', 'telephone_visits')

),

-- Two visits of which one begins on a later day than the other ends
visited as (

    select
        period_key,
        patient_key,
        min(ended_on) as first_ended_on
    from visits
    group by period_key, patient_key
    having max(started_on) > min(ended_on)

),

initial_population as (

    select
        patients.*,
        visited.first_ended_on
    from patients
    inner join visited
        on patients.period_key = visited.period_key
        and patients.patient_key = visited.patient_key

),

denominator as (

    select * from initial_population

),

denominator_exclusions as (

    {{ shared_exclusions(1, ['hospice']) }}

    union all

    select
        denominator.period_key,
        denominator.patient_key,
        2 as rule,
        {{ evidence_on('conditions') }} as evidence_on,
        'Severe cognitive impairment' as reason
    from denominator
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on denominator.patient_key = conditions.patient_key
        and {{ overlaps_days('conditions', 'denominator.period_start_on', 'denominator.period_end_on') }}
    where conditions.value_set = 'severe_cognitive_impairment' and conditions.is_verified

),

scores as (

    select *
    from (
        values
        {%- for instrument, scores in instruments.items() %}
        {%- set last = loop.last %}
        {%- for score in scores %}
        ('{{ instrument }}', '{{ score }}', {{ scores | length }}){{ ',' if not (last and loop.last) }}
        {%- endfor %}
        {%- endfor %}
    ) as scores (instrument, value_set, n_scores)

),

done_days as (

    select
        observations.patient_key,
        scores.instrument,
        observations.lo_on_latest as done_on
    from {{ ref('int_clinical__observations') }} as observations
    inner join scores
        on observations.value_set = scores.value_set
    where observations.is_performed and observations.has_value and observations.lo_on_earliest = observations.lo_on_latest
    group by observations.patient_key, scores.instrument, scores.n_scores, observations.lo_on_latest
    having count(distinct observations.value_set) = scores.n_scores

),

-- Up to 14 days before the end of a visit that leaves 180 days of the period
initial_assessments as (

    select distinct
        denominator.period_key,
        denominator.patient_key,
        done_days.instrument,
        done_days.done_on
    from denominator
    inner join visits
        on denominator.period_key = visits.period_key
        and denominator.patient_key = visits.patient_key
        and visits.ended_on <= denominator.period_end_on - 180
    inner join done_days
        on denominator.patient_key = done_days.patient_key
        and done_days.done_on between visits.ended_on - 14 and visits.ended_on

),

numerator as (

    select
        initial_assessments.period_key,
        initial_assessments.patient_key,
        min(follow_ups.done_on) as evidence_on,
        arg_min(
            initial_assessments.instrument || ' on ' || initial_assessments.done_on || ' and ' || follow_ups.done_on,
            (follow_ups.done_on, initial_assessments.done_on, initial_assessments.instrument)
        ) as evidence_value
    from initial_assessments
    inner join done_days as follow_ups
        on initial_assessments.patient_key = follow_ups.patient_key
        and initial_assessments.instrument = follow_ups.instrument
        and follow_ups.done_on between initial_assessments.done_on + 30 and initial_assessments.done_on + 180
    group by initial_assessments.period_key, initial_assessments.patient_key

),

-- The latest initial assessment leaves the most time to repeat it
latest as (

    select
        period_key,
        patient_key,
        max(done_on) as done_on,
        arg_max(instrument, (done_on, instrument)) as instrument
    from initial_assessments
    group by period_key, patient_key

),

findings as (

    select
        denominator.period_key,
        denominator.patient_key,
        latest.done_on as evidence_on,
        latest.instrument as evidence_value,
        case
            when latest.done_on is not null
                then latest.instrument || ' of ' || latest.done_on || ' not repeated after 30 to 180 days'
            else 'No functional assessment in the 14 days up to a visit'
        end as reason,
        true as is_assessable,
        latest.done_on + 30 as due_from_on,
        coalesce(latest.done_on + 180, denominator.period_end_on - 180) as close_by_on
    from denominator
    left join latest
        on denominator.period_key = latest.period_key
        and denominator.patient_key = latest.patient_key

)

{{ measure_results(has_findings=true, has_window=true) }}
