-- CMS139 Falls: Screening for Future Fall Risk (FHIR), version 1.0.000
with

-- The measure has visits of its own: eye, hearing, therapy and nursing facility visits count too
initial_population as (

    select *
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    where
        age_at_start >= 65
        and {{ has_visit(value_sets=[
            'annual_wellness_visit',
            'audiology_visit',
            'care_services_in_long_term_residential_facility',
            'discharge_services_nursing_facility',
            'home_healthcare_services',
            'nursing_facility_visit',
            'occupational_therapy_evaluation',
            'office_visit',
            'ophthalmological_services',
            'physical_therapy_evaluation',
            'preventive_care_services_established_office_visit_18_and_up',
            'preventive_care_services_individual_counseling',
            'preventive_care_services_initial_office_visit_18_and_up',
            'telephone_visits',
            'virtual_encounter'
        ]) }}

),

denominator as (

    select * from initial_population

),

denominator_exclusions as (

    {{ shared_exclusions(1, ['hospice']) }}

),

screenings as (

    select
        denominator.period_key,
        denominator.patient_key,
        {{ evidence_on('observations') }} as evidence_on,
        coalesce(observations.value_text, observations.code_name, 'Fall-risk screening') as evidence_value,
        {{ during_days('observations', 'denominator.period_start_on', 'denominator.period_end_on') }} as is_in_period,
        observations.hi_on_latest < denominator.period_start_on as is_before_period
    from denominator
    inner join {{ ref('int_clinical__observations') }} as observations
        on denominator.patient_key = observations.patient_key
    where observations.value_set = 'falls_screening' and observations.is_performed

),

numerator as (

    select * from screenings
    where is_in_period

),

findings as (

    select
        period_key,
        patient_key,
        max(evidence_on) as evidence_on,
        cast(null as varchar) as evidence_value,
        'Last fall-risk screening ' || max(evidence_on) || ', none in the period' as reason,
        true as is_assessable
    from screenings
    where is_before_period
    group by period_key, patient_key

)

{{ measure_results(has_findings=true) }}
