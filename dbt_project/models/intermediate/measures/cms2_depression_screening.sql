-- CMS2 Preventive Care and Screening: Screening for Depression and Follow-Up Plan (FHIR), version 1.0.000
with

visits as (

    select distinct
        patient_periods.period_key,
        patient_periods.patient_key,
        patient_periods.period_start_on,
        patient_periods.period_end_on,
        encounters.lo_on_earliest as started_on,
        encounters.hi_on_latest as ended_on,
        encounters.lo_at_latest as started_at,
        encounters.hi_at_earliest as ended_at
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    inner join {{ ref('int_clinical__encounters') }} as encounters
        on patient_periods.patient_key = encounters.patient_key
        and {{ during_days('encounters', 'patient_periods.period_start_on', 'patient_periods.period_end_on') }}
    where
        patient_periods.age_at_start >= 12
        and encounters.is_performed
        and encounters.value_set in ('encounter_to_screen_for_depression', 'physical_therapy_evaluation', 'telephone_visits')

),

initial_population as (

    select patient_periods.*
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    inner join (select distinct period_key, patient_key from visits) as visited
        on patient_periods.period_key = visited.period_key
        and patient_periods.patient_key = visited.patient_key

),

denominator as (

    select * from initial_population

),

-- On the problem list before a visit, even if refuted or long resolved, as specified
denominator_exclusions as (

    select
        visits.period_key,
        visits.patient_key,
        1 as rule,
        {{ evidence_on('conditions') }} as evidence_on,
        'Bipolar disorder known before the visit' as reason
    from visits
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on visits.patient_key = conditions.patient_key
        and conditions.lo_on_latest < visits.started_on
    where conditions.value_set = 'bipolar_disorder' and conditions.is_problem_or_health_concern

),

-- Within 14 days before a visit. The last one is chosen before it is judged
last_screenings as (

    select
        visits.period_key,
        visits.patient_key,
        replace(observations.value_set, '_depression_screening', '') as kind,
        observations.lo_on_latest as screened_on,
        observations.value_text,
        list_contains(observations.value_value_sets, 'depression_screening_negative') as is_negative,
        list_contains(observations.value_value_sets, 'depression_screening_positive') as is_positive
    from visits
    inner join {{ ref('int_clinical__observations') }} as observations
        on visits.patient_key = observations.patient_key
        and {{ ends_during_days('observations', 'visits.started_on - 14', 'visits.started_on') }}
    where
        observations.value_set in ('adolescent_depression_screening', 'adult_depression_screening')
        and observations.is_performed
        and observations.has_value
    qualify row_number() over (
        partition by visits.period_key, visits.patient_key, observations.value_set
        order by observations.lo_at_latest desc nulls last, observations.observation_id desc
    ) = 1

),

-- The visits that a positive screening belongs to
positive_visits as (

    select
        visits.*,
        last_screenings.kind
    from last_screenings
    inner join visits
        on last_screenings.period_key = visits.period_key
        and last_screenings.patient_key = visits.patient_key
        and last_screenings.screened_on between visits.started_on - 14 and visits.started_on
    where last_screenings.is_positive

),

follow_ups as (

    -- During the visit, to the minute
    select
        positive_visits.period_key,
        positive_visits.patient_key,
        positive_visits.kind,
        procedures.lo_on_latest as followed_up_on,
        procedures.code_name
    from positive_visits
    inner join {{ ref('int_clinical__procedures') }} as procedures
        on positive_visits.patient_key = procedures.patient_key
        and procedures.value_set = 'follow_up_for_' || positive_visits.kind || '_depression'
        and procedures.lo_at_earliest >= positive_visits.started_at
        and procedures.lo_at_latest <= positive_visits.ended_at
        and {{ starts_during_days('procedures', 'positive_visits.period_start_on', 'positive_visits.period_end_on') }}
    where procedures.is_performed

    union all

    -- Up to two days after the visit, by the day
    select
        positive_visits.period_key,
        positive_visits.patient_key,
        positive_visits.kind,
        requests.lo_on_latest as followed_up_on,
        requests.code_name
    from positive_visits
    inner join {{ ref('int_clinical__service_requests') }} as requests
        on positive_visits.patient_key = requests.patient_key
        and requests.value_set = 'referral_for_' || positive_visits.kind || '_depression'
        and {{ during_days('requests', 'positive_visits.ended_on', 'positive_visits.ended_on + 2') }}
        and {{ during_days('requests', 'positive_visits.period_start_on', 'positive_visits.period_end_on') }}
    where requests.is_active_or_completed and not requests.is_not_to_be_done

    union all

    select
        positive_visits.period_key,
        positive_visits.patient_key,
        positive_visits.kind,
        requests.lo_on_latest as followed_up_on,
        requests.code_name
    from positive_visits
    inner join {{ ref('int_clinical__medication_requests') }} as requests
        on positive_visits.patient_key = requests.patient_key
        and requests.value_set = positive_visits.kind || '_depression_medications'
        and {{ during_days('requests', 'positive_visits.ended_on', 'positive_visits.ended_on + 2') }}
        and {{ during_days('requests', 'positive_visits.period_start_on', 'positive_visits.period_end_on') }}
    -- It must continue beyond a visit of the screening, which may differ from the visit of the order
    inner join positive_visits as treated_visits
        on positive_visits.period_key = treated_visits.period_key
        and positive_visits.patient_key = treated_visits.patient_key
        and positive_visits.kind = treated_visits.kind
        and treated_visits.ended_on >= requests.taken_from_on
        and treated_visits.ended_on < requests.taken_to_on
    where requests.is_active_or_completed and requests.is_order and not requests.is_not_to_be_given

),

screened as (

    select
        last_screenings.*,
        denominator.age_at_start,
        follow_ups.followed_up_on,
        follow_ups.code_name as follow_up_name
    from last_screenings
    inner join denominator
        on last_screenings.period_key = denominator.period_key
        and last_screenings.patient_key = denominator.patient_key
    left join follow_ups
        on last_screenings.period_key = follow_ups.period_key
        and last_screenings.patient_key = follow_ups.patient_key
        and last_screenings.kind = follow_ups.kind
    -- At 17 either form counts
    where (last_screenings.kind = 'adolescent' and denominator.age_at_start <= 17) or (last_screenings.kind = 'adult' and denominator.age_at_start >= 17)

),

numerator as (

    select
        period_key,
        patient_key,
        screened_on as evidence_on,
        case when is_negative then 'negative' else 'positive, ' || coalesce(follow_up_name, 'followed up') end as evidence_value
    from screened
    where is_negative or (is_positive and followed_up_on is not null)

),

-- Age does not gate a refusal: either form, not done at a visit and not done otherwise
denominator_exceptions as (

    select
        visits.period_key,
        visits.patient_key,
        1 as rule,
        observations.issued_on as evidence_on,
        case
            when list_contains(observations.not_done_reason_value_sets, 'screening_declined') then 'Screening declined'
            else 'Not screened for a medical reason'
        end as reason
    from visits
    inner join {{ ref('int_clinical__observations') }} as observations
        on visits.patient_key = observations.patient_key
        and observations.issued_on between visits.started_on and visits.ended_on
    left join last_screenings
        on visits.period_key = last_screenings.period_key
        and visits.patient_key = last_screenings.patient_key
        and observations.value_set = last_screenings.kind || '_depression_screening'
    where
        observations.value_set in ('adolescent_depression_screening', 'adult_depression_screening')
        and observations.status = 'cancelled'
        and (
            list_contains(observations.not_done_reason_value_sets, 'screening_declined')
            or list_contains(observations.not_done_reason_value_sets, 'medical_reason')
        )
        and last_screenings.kind is null

),

findings as (

    select
        period_key,
        patient_key,
        screened_on as evidence_on,
        case when is_positive then 'positive, no follow-up plan' else value_text end as evidence_value,
        case
            when is_positive then 'Positive screening on ' || screened_on || ' without a follow-up plan'
            else 'The screening of ' || screened_on || ' has no coded result'
        end as reason,
        true as is_assessable
    from screened
    where not is_negative

)

{{ measure_results(has_exceptions=true, has_findings=true) }}
