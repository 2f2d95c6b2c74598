-- CMS22 Preventive Care and Screening: Screening for High Blood Pressure and Follow-Up Documented (FHIR), version 1.0.000.
-- The unit is the visit, not the patient
with

-- A visit counts in up to 25 periods, and what was found at it is the same in each: it is judged once
visits as (

    select distinct
        encounters.patient_key,
        {{ episode_id('encounters') }} as episode_id,
        encounters.hi_on_earliest,
        encounters.hi_on_latest,
        encounters.lo_on_earliest as started_on,
        encounters.hi_on_latest as ended_on,
        encounters.lo_at_earliest as started_at
    from {{ ref('int_clinical__encounters') }} as encounters
    where
        encounters.value_set = 'encounter_to_screen_for_blood_pressure'
        and encounters.is_performed
        and coalesce(encounters.class_code, '') != 'VR'

),

-- It must end in the period; it may have begun before
initial_population as (

    select
        patient_periods.period_key,
        patient_periods.patient_key,
        visits.episode_id,
        visits.hi_on_latest as episode_on,
        patient_periods.period_start_on,
        patient_periods.period_end_on
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    inner join visits
        on patient_periods.patient_key = visits.patient_key
        and {{ ends_during_days('visits', 'patient_periods.period_start_on', 'patient_periods.period_end_on') }}
    where patient_periods.age_at_start >= 18

),

denominator as (

    select * from initial_population

),

known_hypertension as (

    select
        visits.patient_key,
        visits.episode_id,
        min({{ evidence_on('conditions') }}) as evidence_on
    from visits
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on visits.patient_key = conditions.patient_key
        and conditions.lo_on_latest <= visits.started_on
    where
        conditions.value_set = 'diagnosis_of_hypertension'
        and conditions.is_verified
        and conditions.is_problem_or_health_concern
    group by visits.patient_key, visits.episode_id

),

denominator_exclusions as (

    select
        denominator.period_key,
        denominator.patient_key,
        denominator.episode_id,
        1 as rule,
        known_hypertension.evidence_on,
        'Hypertension already known' as reason
    from denominator
    inner join known_hypertension using (patient_key, episode_id)

),

-- By the day: whatever was taken on a day of the visit
current_readings as (

    select
        visits.patient_key,
        visits.episode_id,
        visits.started_on,
        visits.ended_on,
        pressures.systolic,
        pressures.diastolic,
        pressures.hi_on_latest as measured_on
    from visits
    inner join {{ ref('int_clinical__blood_pressures') }} as pressures
        on visits.patient_key = pressures.patient_key
        and {{ ends_during_days('pressures', 'visits.started_on', 'visits.ended_on') }}
    qualify row_number() over (
        partition by visits.patient_key, visits.episode_id
        order by pressures.lo_at_latest desc, pressures.observation_id desc
    ) = 1

),

-- To the instant: the last one of the year up to the start of the visit
prior_readings as (

    select
        visits.patient_key,
        visits.episode_id,
        pressures.systolic > 0
        and pressures.diastolic > 0
        and (pressures.systolic >= 130 or pressures.diastolic >= 80) as was_hypertensive
    from visits
    inner join {{ ref('int_clinical__blood_pressures') }} as pressures
        on visits.patient_key = pressures.patient_key
        and pressures.hi_at_earliest >= visits.started_at - interval 1 year
        and pressures.hi_at_latest <= visits.started_at
    qualify row_number() over (
        partition by visits.patient_key, visits.episode_id
        order by pressures.lo_at_latest desc, pressures.observation_id desc
    ) = 1

),

visit_readings as (

    select
        current_readings.*,
        coalesce(prior_readings.was_hypertensive, false) as is_second,
        systolic > 0 and diastolic > 0 and (systolic >= 130 or diastolic >= 80) as is_hypertensive,
        case
            when systolic >= 1 and systolic < 120 and diastolic >= 1 and diastolic < 80 then 'normal'
            when systolic between 120 and 129 and diastolic >= 1 and diastolic < 80 then 'elevated'
            when is_hypertensive and not is_second then 'first'
            when is_hypertensive and is_second and (systolic >= 140 or diastolic >= 90) then 'second_140'
            when (systolic between 130 and 139 or diastolic between 80 and 89)
                and systolic < 140 and diastolic < 90 and is_second then 'second_130'
        end as category
    from current_readings
    left join prior_readings using (patient_key, episode_id)

),

readings as (

    select
        denominator.period_key,
        denominator.period_start_on,
        denominator.period_end_on,
        visit_readings.*
    from denominator
    inner join visit_readings using (patient_key, episode_id)

),

plan_value_sets as (

    select *
    from (
        values
        ('rescreening_6_months', 'follow_up_within_6_months'),
        ('rescreening_4_weeks', 'follow_up_within_4_weeks'),
        ('lifestyle', 'lifestyle_recommendation'),
        ('lifestyle', 'weight_reduction_recommended'),
        ('lifestyle', 'dietary_recommendations'),
        ('lifestyle', 'recommendation_to_increase_physical_activity'),
        ('lifestyle', 'referral_or_counseling_for_alcohol_consumption'),
        ('laboratory', 'laboratory_tests_for_hypertension'),
        ('laboratory', 'ecg'),
        ('referral', 'referral_to_primary_care_or_alternate_provider')
    ) as plans (plan, value_set)

),

requests as (

    select
        requests.patient_key,
        plan_value_sets.plan,
        requests.status,
        requests.is_not_to_be_done,
        list_contains(requests.not_done_reason_value_sets, 'patient_declined') as is_declined,
        -- The status of an order is not tested
        not requests.is_not_to_be_done and case plan_value_sets.plan
            when 'rescreening_6_months' then requests.intent = 'order'
            when 'referral'
                then requests.is_order
                and list_contains(requests.reason_value_sets, 'finding_of_elevated_blood_pressure_or_hypertension')
            else requests.is_order
        end as is_ordered,
        requests.lo_on_earliest,
        requests.lo_on_latest,
        requests.hi_on_latest
    from {{ ref('int_clinical__service_requests') }} as requests
    inner join plan_value_sets
        on requests.value_set = plan_value_sets.value_set

    union all

    select
        patient_key,
        'medication' as plan,
        status,
        is_not_to_be_given as is_not_to_be_done,
        is_not_to_be_given as is_declined,
        not is_not_to_be_given as is_ordered,
        lo_on_earliest,
        lo_on_latest,
        hi_on_latest
    from {{ ref('int_clinical__medication_requests') }}
    where value_set = 'pharmacologic_therapy_for_hypertension' and is_active_or_completed

),

placed as (

    select
        readings.period_key,
        readings.patient_key,
        readings.episode_id,
        readings.category,
        requests.plan,
        requests.is_ordered,
        requests.is_not_to_be_done and requests.is_declined and requests.status in ('active', 'completed', 'on-hold') as is_declined,
        requests.lo_on_latest as placed_on,
        {{ during_days('requests', 'readings.started_on', 'readings.ended_on') }} as is_in_visit,
        {{ during_days('requests', 'readings.period_start_on', 'readings.period_end_on') }} as is_in_period
    from readings
    inner join requests
        on readings.patient_key = requests.patient_key
    where readings.category != 'normal'

),

plans as (

    select
        period_key,
        patient_key,
        episode_id,
        category,
        max(placed_on) filter (where is_in_visit) as planned_on,
        bool_or(plan = 'referral' and is_in_visit) as has_referral,
        bool_or(plan = 'rescreening_6_months' and is_in_visit) as has_rescreening_6_months,
        bool_or(plan = 'rescreening_6_months' and is_in_visit and is_in_period) as has_rescreening_6_months_in_period,
        bool_or(plan = 'rescreening_4_weeks' and is_in_visit and is_in_period) as has_rescreening_4_weeks_in_period,
        bool_or(plan = 'lifestyle' and is_in_visit) as has_lifestyle_in_visit,
        bool_or(plan = 'lifestyle' and is_in_period) as has_lifestyle,
        bool_or(plan = 'laboratory' and is_in_period) as has_laboratory,
        bool_or(plan = 'medication' and is_in_period) as has_medication
    from placed
    where is_ordered
    group by period_key, patient_key, episode_id, category

),

answered as (

    select *
    from plans
    where
        has_referral
        or case category
            when 'elevated' then has_rescreening_6_months and has_lifestyle_in_visit
            when 'first' then has_rescreening_4_weeks_in_period and has_lifestyle
            when 'second_130' then has_rescreening_6_months_in_period and has_laboratory and has_lifestyle
            when 'second_140' then has_rescreening_4_weeks_in_period and has_laboratory and has_lifestyle and has_medication
        end

),

numerator as (

    select
        readings.period_key,
        readings.patient_key,
        readings.episode_id,
        coalesce(answered.planned_on, readings.measured_on) as evidence_on,
        cast(readings.systolic as integer) || '/' || cast(readings.diastolic as integer) || ' mm[Hg]' as evidence_value
    from readings
    left join answered using (period_key, patient_key, episode_id)
    where readings.category = 'normal' or answered.category is not null

),

not_taken as (

    select
        visits.patient_key,
        visits.episode_id,
        observations.issued_on
    from visits
    inner join {{ ref('int_clinical__observations') }} as observations
        on visits.patient_key = observations.patient_key
        and observations.issued_on between visits.started_on and visits.ended_on
    where
        observations.value_set in ('blood_pressure_panel', 'systolic_blood_pressure', 'diastolic_blood_pressure')
        and observations.status = 'cancelled'
        and (
            list_contains(observations.not_done_reason_value_sets, 'patient_declined')
            or list_contains(observations.not_done_reason_value_sets, 'medical_reason')
        )

),

denominator_exceptions as (

    select
        denominator.period_key,
        denominator.patient_key,
        denominator.episode_id,
        1 as rule,
        not_taken.issued_on as evidence_on,
        'Blood pressure not taken: declined, or a medical reason' as reason
    from denominator
    inner join not_taken using (patient_key, episode_id)

    union all

    select
        period_key,
        patient_key,
        episode_id,
        2 as rule,
        placed_on as evidence_on,
        'Follow-up declined' as reason
    from placed
    where
        is_declined
        and is_in_visit
        and case plan
            when 'referral' then true
            when 'lifestyle' then true
            when 'rescreening_6_months' then category in ('elevated', 'second_130')
            when 'rescreening_4_weeks' then category in ('first', 'second_140')
            when 'laboratory' then category in ('second_130', 'second_140')
            when 'medication' then category = 'second_140'
        end

),

findings as (

    select
        period_key,
        patient_key,
        episode_id,
        measured_on as evidence_on,
        cast(systolic as integer) || '/' || cast(diastolic as integer) || ' mm[Hg]' as evidence_value,
        case
            when category is null then 'The reading of ' || measured_on || ' cannot be judged'
            else 'Blood pressure ' || cast(systolic as integer) || '/' || cast(diastolic as integer) || ' on ' || measured_on
                || ' without the follow-up that it asks for'
        end as reason,
        true as is_assessable
    from readings
    where category is null or category != 'normal'

)

{{ measure_results(by_encounter=true, has_exceptions=true, has_findings=true) }}
