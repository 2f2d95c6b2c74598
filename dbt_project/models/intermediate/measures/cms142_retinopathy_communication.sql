-- CMS142 Diabetic Retinopathy: Communication with the Physician Managing Ongoing Diabetes Care (FHIR), version 1.0.000
with

visits as (

    select distinct
        patient_periods.period_key,
        patient_periods.patient_key,
        patient_periods.period_start_on,
        patient_periods.period_end_on,
        patient_periods.period_ends_before,
        encounters.source_system,
        encounters.encounter_id,
        encounters.lo_on_latest as started_on,
        encounters.hi_on_earliest as ended_on,
        encounters.lo_at_latest as started_at,
        encounters.hi_at_earliest as ended_at
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    inner join {{ ref('int_clinical__encounters') }} as encounters
        on patient_periods.patient_key = encounters.patient_key
        and {{ during_days('encounters', 'patient_periods.period_start_on', 'patient_periods.period_end_on') }}
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on patient_periods.patient_key = conditions.patient_key
        and {{ overlaps_days('conditions', 'encounters.lo_on_latest', 'encounters.hi_on_earliest') }}
    where
        patient_periods.age_at_start >= 18
        and encounters.is_performed
        and encounters.value_set in (
            'office_visit',
            'ophthalmological_services',
            'outpatient_consultation',
            'care_services_in_long_term_residential_facility',
            'nursing_facility_visit'
        )
        and coalesce(encounters.class_code, '') != 'VR'
        and conditions.value_set = 'diabetic_retinopathy'
        and conditions.is_verified

),

initial_population as (

    select
        period_key,
        patient_key
    from visits

),

denominator as (

    select
        visits.period_key,
        visits.patient_key,
        max(exams.lo_on_latest) as examined_on
    from visits
    inner join {{ ref('int_clinical__observations') }} as exams
        on visits.patient_key = exams.patient_key
        and exams.lo_at_earliest >= visits.started_at
        and exams.hi_at_latest <= visits.ended_at
    where exams.value_set = 'macular_exam' and exams.is_performed and exams.has_value
    group by visits.period_key, visits.patient_key

),

-- After the start of any visit, not of the exam. Who received it is not asked
sent as (

    select
        visits.period_key,
        visits.patient_key,
        case communications.value_set when 'level_of_severity_of_retinopathy_findings' then 'severity' else 'edema' end as finding,
        communications.lo_on_latest as sent_on,
        coalesce(communications.code_name, replace(communications.value_set, '_', ' ')) as words
    from visits
    inner join {{ ref('int_clinical__communications') }} as communications
        on visits.patient_key = communications.patient_key
        and communications.lo_at_earliest > visits.started_at
        and {{ during_days('communications', 'visits.period_start_on', 'visits.period_end_on') }}
    where
        communications.is_performed
        and communications.value_set in (
            'level_of_severity_of_retinopathy_findings', 'macular_edema_findings_absent', 'macular_edema_findings_present'
        )
        -- Edema that is there has to be told by the last instant of the period, a day without time may be after it
        and (
            communications.value_set != 'macular_edema_findings_present'
            or communications.lo_at_latest < visits.period_ends_before
        )

),

first_sent as (

    select
        period_key,
        patient_key,
        min(sent_on) filter (where finding = 'severity') as severity_on,
        min(sent_on) filter (where finding = 'edema') as edema_on,
        arg_min(words, (sent_on, words)) filter (where finding = 'severity') as severity,
        arg_min(words, (sent_on, words)) filter (where finding = 'edema') as edema
    from sent
    group by period_key, patient_key

),

numerator as (

    select
        period_key,
        patient_key,
        greatest(severity_on, edema_on) as evidence_on,
        case when severity = edema then severity else severity || '; ' || edema end as evidence_value
    from first_sent
    where severity_on is not null and edema_on is not null

),

denominator_exceptions as (

    select
        visits.period_key,
        visits.patient_key,
        1 as rule,
        communications.recorded_on as evidence_on,
        'Findings not communicated: a reason of the patient''s, or a medical one' as reason
    from visits
    inner join {{ ref('int_clinical__communications') }} as communications
        on visits.patient_key = communications.patient_key
        and communications.recorded_on between visits.started_on and visits.ended_on
    where
        communications.status = 'not-done'
        and communications.value_set in (
            'level_of_severity_of_retinopathy_findings', 'macular_edema_findings_absent', 'macular_edema_findings_present'
        )
        and list_has_any(communications.not_done_reason_value_sets, ['medical_reason', 'patient_reason'])

),

findings as (

    select
        denominator.period_key,
        denominator.patient_key,
        denominator.examined_on as evidence_on,
        coalesce(first_sent.severity, first_sent.edema) as evidence_value,
        case
            when first_sent.severity_on is not null
                then 'Severity of the retinopathy sent on ' || first_sent.severity_on || ', but not whether there is macular edema'
            when first_sent.edema_on is not null
                then 'Finding on macular edema sent on ' || first_sent.edema_on || ', but not the severity of the retinopathy'
            else 'Findings of the macular exam of ' || denominator.examined_on || ' not sent'
        end as reason,
        true as is_assessable
    from denominator
    left join first_sent
        on denominator.period_key = first_sent.period_key
        and denominator.patient_key = first_sent.patient_key

)

{{ measure_results(has_exclusions=false, has_exceptions=true, has_findings=true) }}
