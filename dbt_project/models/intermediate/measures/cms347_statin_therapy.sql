-- CMS347 Statin Therapy for the Prevention and Treatment of Cardiovascular Disease (FHIR), version 1.0.000
with

visits as (

    select distinct
        patient_periods.period_key,
        patient_periods.patient_key,
        patient_periods.period_start_on,
        patient_periods.period_end_on,
        patient_periods.age_at_start,
        encounters.lo_on_earliest as started_on,
        encounters.hi_on_latest as ended_on
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    inner join {{ ref('int_clinical__encounters') }} as encounters
        on patient_periods.patient_key = encounters.patient_key
        and {{ during_days('encounters', 'patient_periods.period_start_on', 'patient_periods.period_end_on') }}
    where
        encounters.is_performed
        and encounters.value_set in (
            'annual_wellness_visit',
            'office_visit',
            'outpatient_consultation',
            'outpatient_encounters_for_preventive_care',
            'preventive_care_services_established_office_visit_18_and_up',
            'preventive_care_services_individual_counseling',
            'preventive_care_services_initial_office_visit_18_and_up',
            'preventive_care_services_other',
            'telemedicine_services'
        )

),

visited as (

    select distinct
        period_key,
        patient_key,
        period_start_on,
        period_end_on,
        age_at_start
    from visits

),

-- Of diagnoses only problems and health concerns count, for the risks as for the exceptions
problems as (

    select * from {{ ref('int_clinical__conditions') }}
    where is_verified and is_problem_or_health_concern

),

-- From the strongest risk down: 1 clinical disease, 2 high LDL, 3 diabetes, 4 ten-year risk
risks as (

    select
        visited.period_key,
        visited.patient_key,
        case when problems.value_set = 'familial_hypercholesterolemia' then 2 else 1 end as risk
    from visited
    inner join problems
        on visited.patient_key = problems.patient_key
        and problems.lo_on_latest <= visited.period_end_on
    where
        problems.value_set in (
            'myocardial_infarction',
            'cerebrovascular_disease_stroke_or_tia',
            'atherosclerosis_and_peripheral_arterial_disease',
            'ischemic_heart_disease_or_related_diagnoses',
            'stable_and_unstable_angina',
            'subsequent_myocardial_infarction',
            'familial_hypercholesterolemia'
        )

    union all

    select
        visited.period_key,
        visited.patient_key,
        1 as risk
    from visited
    inner join {{ ref('int_clinical__procedures') }} as procedures
        on visited.patient_key = procedures.patient_key
        and procedures.lo_on_latest <= visited.period_end_on
    where
        procedures.is_performed
        and procedures.value_set in ('pci', 'cabg_surgeries', 'carotid_intervention', 'cabg_or_pci_procedure')

    union all

    -- Any result of a lifetime, not the last one
    select
        visited.period_key,
        visited.patient_key,
        2 as risk
    from visited
    inner join {{ ref('int_clinical__observations') }} as observations
        on visited.patient_key = observations.patient_key
        and observations.lo_on_latest <= visited.period_end_on
    where
        observations.value_set = 'ldl_cholesterol'
        and observations.is_laboratory
        and observations.is_performed
        and observations.value_quantity >= 190
        and observations.value_unit = 'mg/dL'

    union all

    select
        visited.period_key,
        visited.patient_key,
        3 as risk
    from visited
    inner join problems
        on visited.patient_key = problems.patient_key
        and {{ overlaps_days('problems', 'visited.period_start_on', 'visited.period_end_on') }}
    where problems.value_set = 'diabetes'

    union all

    select
        visited.period_key,
        visited.patient_key,
        4 as risk
    from visited
    inner join {{ ref('int_clinical__observations') }} as observations
        on visited.patient_key = observations.patient_key
        and {{ during_days('observations', 'visited.period_start_on', 'visited.period_end_on') }}
    where
        observations.value_set = 'ten_year_cardiovascular_risk'
        and observations.is_performed
        and observations.value_quantity >= 20
        and observations.value_unit = '%'

),

-- A stronger risk keeps a patient out of the weaker groups even where age keeps him out of its own
initial_population as (

    select
        'Group_' || strongest.risk as group_id,
        visited.*
    from visited
    inner join (
        select period_key, patient_key, min(risk) as risk
        from risks
        group by period_key, patient_key
    ) as strongest
        on visited.period_key = strongest.period_key
        and visited.patient_key = strongest.patient_key
    where
        case strongest.risk
            when 1 then true
            when 2 then visited.age_at_start between 20 and 75
            else visited.age_at_start between 40 and 75
        end

),

denominator as (

    select * from initial_population

),

denominator_exclusions as (

    select
        denominator.group_id,
        denominator.period_key,
        denominator.patient_key,
        1 as rule,
        {{ evidence_on('conditions') }} as evidence_on,
        case conditions.value_set when 'breastfeeding' then 'Breastfeeding' else 'Rhabdomyolysis' end || ' in the period' as reason
    from denominator
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on denominator.patient_key = conditions.patient_key
        and {{ overlaps_days('conditions', 'denominator.period_start_on', 'denominator.period_end_on') }}
    where conditions.is_verified and conditions.value_set in ('breastfeeding', 'rhabdomyolysis')

),

statins as (

    select
        *,
        case value_set
            when 'low_intensity_statin_therapy' then 'low'
            when 'moderate_intensity_statin_therapy' then 'moderate'
            else 'high'
        end as intensity
    from {{ ref('int_clinical__medication_requests') }}
    where
        is_active_or_completed
        and value_set in ('low_intensity_statin_therapy', 'moderate_intensity_statin_therapy', 'high_intensity_statin_therapy')

),

numerator as (

    -- Ordered in the period. Filler orders are not among the intents that the specification names here
    select
        denominator.group_id,
        denominator.period_key,
        denominator.patient_key,
        statins.lo_on_latest as evidence_on,
        coalesce(statins.code_name, 'Statin') || ' (' || statins.intensity || ' intensity)' as evidence_value
    from denominator
    inner join statins
        on denominator.patient_key = statins.patient_key
        and {{ during_days('statins', 'denominator.period_start_on', 'denominator.period_end_on') }}
    where
        not statins.is_not_to_be_given
        and statins.intent in ('order', 'original-order', 'reflex-order', 'instance-order')

    union all

    -- Taken in the period, by an order of whatever intent and age
    select
        denominator.group_id,
        denominator.period_key,
        denominator.patient_key,
        greatest(statins.taken_from_on, denominator.period_start_on) as evidence_on,
        coalesce(statins.code_name, 'Statin') || ' (' || statins.intensity || ' intensity)' as evidence_value
    from denominator
    inner join statins
        on denominator.patient_key = statins.patient_key
        and statins.taken_from_on <= denominator.period_end_on
        and statins.taken_to_on >= denominator.period_start_on
    where not statins.is_not_to_be_given

),

contraindications as (

    select
        patient_key,
        'Allergy to statins' as reason,
        lo_on_latest,
        hi_on_earliest,
        {{ evidence_on('allergies') }} as evidence_on
    from {{ ref('int_clinical__allergies') }} as allergies
    where is_active and value_set = 'statin_allergen'

    union all

    select
        patient_key,
        case
            when value_set = 'statin_associated_muscle_symptoms' then 'Muscle symptoms under statins'
            when value_set = 'end_stage_renal_disease' then 'End-stage renal disease'
            else 'Liver disease'
        end as reason,
        lo_on_latest,
        hi_on_earliest,
        {{ evidence_on('problems') }} as evidence_on
    from problems
    where
        value_set in (
            'hepatitis_a', 'hepatitis_b_infection', 'liver_disease', 'statin_associated_muscle_symptoms', 'end_stage_renal_disease'
        )

),

exceptions as (

    select
        visited.period_key,
        visited.patient_key,
        1 as rule,
        contraindications.evidence_on,
        contraindications.reason
    from visited
    inner join contraindications
        on visited.patient_key = contraindications.patient_key
        and {{ overlaps_days('contraindications', 'visited.period_start_on', 'visited.period_end_on') }}

    union all

    select
        visited.period_key,
        visited.patient_key,
        2 as rule,
        events.hi_on_latest as evidence_on,
        'Adverse event under a statin' as reason
    from visited
    inner join {{ ref('int_clinical__adverse_events') }} as events
        on visited.patient_key = events.patient_key
        and {{ during_days('events', 'visited.period_start_on', 'visited.period_end_on') }}
    where events.value_set = 'statin_allergen'

    union all

    {{ shared_exclusions(3, ['hospice', 'palliative_care']) }}

    union all

    -- Written on a day of a visit
    select
        visits.period_key,
        visits.patient_key,
        4 as rule,
        statins.lo_on_latest as evidence_on,
        'No statin for a medical reason' as reason
    from visits
    inner join statins
        on visits.patient_key = statins.patient_key
        and {{ during_days('statins', 'visits.started_on', 'visits.ended_on') }}
    where statins.is_not_to_be_given and list_contains(statins.reason_value_sets, 'medical_reason')

),

denominator_exceptions as (

    select
        denominator.group_id,
        exceptions.*
    from denominator
    inner join exceptions
        on denominator.period_key = exceptions.period_key
        and denominator.patient_key = exceptions.patient_key

),

findings as (

    select
        group_id,
        period_key,
        patient_key,
        cast(null as date) as evidence_on,
        cast(null as varchar) as evidence_value,
        'No statin in the period, with ' || case group_id
            when 'Group_1' then 'clinical cardiovascular disease'
            when 'Group_2' then 'LDL of 190 mg/dL or more, or familial hypercholesterolemia'
            when 'Group_3' then 'diabetes at 40 to 75 years'
            else 'a ten-year risk of 20 % or more'
        end as reason,
        true as is_assessable
    from denominator

)

{{ measure_results(grouped=true, has_exceptions=true, has_findings=true) }}
