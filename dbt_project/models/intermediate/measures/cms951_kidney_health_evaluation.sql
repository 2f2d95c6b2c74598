-- CMS951 Kidney Health Evaluation (FHIR), version 1.0.000
with

patient_periods as (

    select * from {{ ref('int_measures__patient_periods') }}
    where age_at_start between 18 and 85

),

initial_population as (

    select *
    from patient_periods
    where
        -- Diabetes known before the period and still there when it begins
        exists (
            select 1
            from {{ ref('int_clinical__conditions') }} as conditions
            where
                conditions.patient_key = patient_periods.patient_key
                and conditions.value_set = 'diabetes'
                and conditions.is_verified
                and conditions.lo_on_latest < patient_periods.period_start_on
                and conditions.hi_on_earliest >= patient_periods.period_start_on
        )
        and {{ has_visit(value_sets=[
            'annual_wellness_visit',
            'home_healthcare_services',
            'office_visit',
            'outpatient_consultation',
            'preventive_care_services_established_office_visit_18_and_up',
            'preventive_care_services_initial_office_visit_18_and_up',
            'telephone_visits'
        ]) }}

),

denominator as (

    select * from initial_population

),

denominator_exclusions as (

    select
        denominator.period_key,
        denominator.patient_key,
        1 as rule,
        {{ evidence_on('conditions') }} as evidence_on,
        case conditions.value_set
            when 'end_stage_renal_disease' then 'End-stage renal disease'
            else 'Chronic kidney disease, stage 5'
        end as reason
    from denominator
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on denominator.patient_key = conditions.patient_key
        and {{ overlaps_days('conditions', 'denominator.period_start_on', 'denominator.period_end_on') }}
    where
        conditions.value_set in ('chronic_kidney_disease_stage_5', 'end_stage_renal_disease')
        and conditions.is_verified

    union all

    {{ shared_exclusions(2, ['hospice', 'palliative_care']) }}

),

labs as (

    select
        denominator.period_key,
        denominator.patient_key,
        observations.value_set,
        observations.has_quantity,
        observations.value_value_sets,
        observations.value_text,
        observations.lo_at_earliest,
        observations.lo_at_latest,
        observations.hi_at_earliest,
        observations.hi_at_latest,
        {{ evidence_on('observations') }} as evidence_on
    from denominator
    inner join {{ ref('int_clinical__observations') }} as observations
        on denominator.patient_key = observations.patient_key
        and {{ during_days('observations', 'denominator.period_start_on', 'denominator.period_end_on') }}
    where
        observations.is_performed
        and observations.has_value
        and observations.value_set in (
            'estimated_glomerular_filtration_rate', 'urine_albumin_creatinine_ratio', 'urine_albumin', 'urine_creatinine'
        )

),

egfr as (

    select
        period_key,
        patient_key,
        max(evidence_on) as evidence_on,
        'eGFR ' || arg_max(value_text, (evidence_on, value_text)) as evidence_value
    from labs
    where value_set = 'estimated_glomerular_filtration_rate'
    group by period_key, patient_key

),

-- The ratio, as a number or as undetectable; or albumin and creatinine measured within four times 24 hours of each other
urine as (

    select
        period_key,
        patient_key,
        evidence_on,
        'uACR ' || value_text as evidence_value
    from labs
    where
        value_set = 'urine_albumin_creatinine_ratio'
        and (has_quantity or list_contains(value_value_sets, 'undetectable_lab_result_value'))

    union all

    select
        albumin.period_key,
        albumin.patient_key,
        greatest(albumin.evidence_on, creatinine.evidence_on) as evidence_on,
        'albumin ' || albumin.value_text || ', creatinine ' || creatinine.value_text as evidence_value
    from labs as albumin
    inner join labs as creatinine
        on albumin.period_key = creatinine.period_key
        and albumin.patient_key = creatinine.patient_key
        and albumin.lo_at_earliest >= creatinine.lo_at_latest - interval 96 hour
        and albumin.hi_at_latest <= creatinine.hi_at_earliest + interval 96 hour
    where albumin.value_set = 'urine_albumin' and creatinine.value_set = 'urine_creatinine'

),

numerator as (

    select
        egfr.period_key,
        egfr.patient_key,
        greatest(egfr.evidence_on, urine.evidence_on) as evidence_on,
        concat_ws('; ', egfr.evidence_value, urine.evidence_value) as evidence_value
    from egfr
    inner join urine
        on egfr.period_key = urine.period_key
        and egfr.patient_key = urine.patient_key

),

findings as (

    select
        denominator.period_key,
        denominator.patient_key,
        egfr.evidence_on,
        egfr.evidence_value,
        case
            when egfr.patient_key is not null and count(labs.value_set) > 0
                then 'Urine albumin and creatinine do not belong together, or the ratio has no usable value'
            when egfr.patient_key is not null then 'Urine albumin-creatinine ratio missing'
            when count(urine.patient_key) > 0 then 'eGFR missing'
            else 'eGFR and urine albumin-creatinine ratio missing'
        end as reason,
        true as is_assessable
    from denominator
    left join egfr
        on denominator.period_key = egfr.period_key
        and denominator.patient_key = egfr.patient_key
    left join urine
        on denominator.period_key = urine.period_key
        and denominator.patient_key = urine.patient_key
    left join labs
        on denominator.period_key = labs.period_key
        and denominator.patient_key = labs.patient_key
        and labs.value_set != 'estimated_glomerular_filtration_rate'
    group by denominator.period_key, denominator.patient_key, egfr.patient_key, egfr.evidence_on, egfr.evidence_value

)

{{ measure_results(has_findings=true) }}
