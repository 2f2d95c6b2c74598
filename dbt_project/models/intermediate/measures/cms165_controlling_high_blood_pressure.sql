-- CMS165 Controlling High Blood Pressure (FHIR), version 1.0.000
with

initial_population as (

    select patient_periods.*
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    inner join {{ ref('int_measures__adult_outpatient_visits') }} as visits
        on patient_periods.period_key = visits.period_key
        and patient_periods.patient_key = visits.patient_key
    where
        patient_periods.age_at_end between 18 and 85
        -- Known in the first six months
        and exists (
            select 1
            from {{ ref('int_clinical__conditions') }} as conditions
            where
                conditions.patient_key = patient_periods.patient_key
                and conditions.value_set = 'essential_hypertension'
                and conditions.is_verified
                and conditions.lo_at_latest < {{ practice_midnight('patient_periods.period_start_on + interval 6 month') }}
                and conditions.hi_at_earliest >= patient_periods.period_starts_at
        )

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
            when 'pregnancy' then 'Pregnant'
            when 'kidney_transplant_recipient' then 'Kidney transplant'
            else 'End-stage renal disease'
        end as reason
    from denominator
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on denominator.patient_key = conditions.patient_key
        and {{ overlaps_instants('conditions', 'denominator.period_starts_at', 'denominator.period_ends_before') }}
    where
        conditions.value_set in (
            'pregnancy', 'end_stage_renal_disease', 'kidney_transplant_recipient', 'chronic_kidney_disease_stage_5'
        )
        and conditions.is_verified

    union all

    select
        denominator.period_key,
        denominator.patient_key,
        2 as rule,
        {{ evidence_on('procedures') }} as evidence_on,
        case procedures.value_set when 'kidney_transplant' then 'Kidney transplant' else 'Dialysis' end as reason
    from denominator
    inner join {{ ref('int_clinical__procedures') }} as procedures
        on denominator.patient_key = procedures.patient_key
        and procedures.hi_at_latest < denominator.period_ends_before
    where procedures.value_set in ('kidney_transplant', 'dialysis_services') and procedures.is_performed

    union all

    select
        denominator.period_key,
        denominator.patient_key,
        2 as rule,
        {{ evidence_on('encounters') }} as evidence_on,
        'Outpatient care for end-stage renal disease' as reason
    from denominator
    inner join {{ ref('int_clinical__encounters') }} as encounters
        on denominator.patient_key = encounters.patient_key
        and encounters.lo_at_latest < denominator.period_ends_before
    where encounters.value_set = 'esrd_monthly_outpatient_services' and encounters.is_performed

    union all

    {{ shared_exclusions(3, ['hospice', 'advanced_illness_66_to_80', 'frailty_81', 'nursing_home_66', 'palliative_care']) }}

),

stays as (

    select * from {{ ref('int_clinical__encounters') }}
    where
        value_set in ('encounter_inpatient', 'emergency_department_evaluation_and_management_visit')
        and is_performed

),

readings as (

    select
        denominator.period_key,
        denominator.patient_key,
        blood_pressures.source_system,
        blood_pressures.observation_id,
        blood_pressures.encounter_id,
        blood_pressures.systolic,
        blood_pressures.diastolic,
        {{ latest_on('blood_pressures') }} as measured_on
    from denominator
    inner join {{ ref('int_clinical__blood_pressures') }} as blood_pressures
        on denominator.patient_key = blood_pressures.patient_key
        and {{ latest_during_days('blood_pressures', 'denominator.period_start_on', 'denominator.period_end_on') }}

),

-- Not on a day in hospital, or at a visit whose class is neither emergency nor inpatient
qualifying_readings as (

    select readings.*
    from readings
    where not exists (
        select 1
        from stays
        where
            stays.patient_key = readings.patient_key
            and stays.lo_on_latest <= readings.measured_on
            and stays.hi_on_earliest >= readings.measured_on
    )

    union

    select readings.*
    from readings
    inner join {{ ref('stg_ehr__encounters') }} as encounters
        on readings.source_system = encounters.source_system
        and readings.encounter_id = encounters.encounter_id
    inner join {{ ref('int_clinical__patient_records') }} as records
        on encounters.source_system = records.source_system
        and encounters.patient_id = records.patient_id
        and readings.patient_key = records.patient_key
    where encounters.class_code not in ('EMER', 'IMP', 'ACUTE', 'NONAC', 'PRENC', 'SS')

),

-- The lowest of each on the last day; a reading without the one or the other leaves that one unknown
last_day as (

    select
        period_key,
        patient_key,
        measured_on as evidence_on,
        case when count(systolic) = count(*) then min(systolic) end as systolic,
        case when count(diastolic) = count(*) then min(diastolic) end as diastolic
    from qualifying_readings
    group by period_key, patient_key, measured_on
    qualify row_number() over (partition by period_key, patient_key order by measured_on desc) = 1

),

judged as (

    select
        *,
        coalesce(cast(systolic as varchar), '?') || '/' || coalesce(cast(diastolic as varchar), '?') || ' mm[Hg]' as evidence_value
    from last_day

),

numerator as (

    select *
    from judged
    where systolic < 140 and diastolic < 90

),

findings as (

    select
        denominator.period_key,
        denominator.patient_key,
        judged.evidence_on,
        judged.evidence_value,
        case
            when judged.evidence_on is null then 'No blood pressure outside hospital in the period'
            when judged.systolic is null or judged.diastolic is null then 'The last blood pressure is incomplete'
            else 'The last blood pressure is not below 140/90'
        end as reason,
        true as is_assessable
    from denominator
    left join judged
        on denominator.period_key = judged.period_key
        and denominator.patient_key = judged.patient_key

)

{{ measure_results(has_findings=true) }}
