-- CMS122 Diabetes: Glycemic Status Assessment Greater Than 9% (FHIR), version 1.0.000. Inverse: the numerator is the gap
with

{{ diabetes_population(value_sets=[
    'office_visit',
    'annual_wellness_visit',
    'preventive_care_services_established_office_visit_18_and_up',
    'preventive_care_services_initial_office_visit_18_and_up',
    'home_healthcare_services',
    'nutrition_services',
    'telephone_visits',
    'medical_nutrition_therapy'
]) }},

denominator as (

    select * from initial_population

),

denominator_exclusions as (

    {{ shared_exclusions(1, ['hospice', 'nursing_home_66', 'advanced_illness_66_to_80', 'advanced_illness_81', 'palliative_care']) }}

),

assessments as (

    select
        denominator.period_key,
        denominator.patient_key,
        observations.has_value,
        observations.has_quantity,
        case when observations.value_unit = '%' then observations.value_quantity end as percent,
        {{ latest_on('observations') }} as assessed_on
    from denominator
    inner join {{ ref('int_clinical__observations') }} as observations
        on denominator.patient_key = observations.patient_key
        and {{ latest_during_days('observations', 'denominator.period_start_on', 'denominator.period_end_on') }}
    where
        observations.value_set in ('hba1c_laboratory_test', 'glucose_management_indicator')
        and observations.is_performed

),

-- The lowest reading of the last day; a reading without a number sorts first
last_reading as (

    select *
    from assessments
    qualify row_number() over (
        partition by period_key, patient_key
        order by assessed_on desc, has_quantity, has_value, percent nulls first
    ) = 1

),

judged as (

    select
        denominator.period_key,
        denominator.patient_key,
        last_reading.assessed_on as evidence_on,
        cast(last_reading.percent as varchar) || ' %' as evidence_value,
        case
            when last_reading.assessed_on is null then 'No HbA1c or glucose management indicator in the period'
            when not last_reading.has_value then 'The last test has no result'
            when last_reading.percent > 9 then 'The last value is above 9 %'
        end as gap,
        case when last_reading.has_value and last_reading.percent is null then 'The last result is not a percentage' end as caution
    from denominator
    left join last_reading
        on denominator.period_key = last_reading.period_key
        and denominator.patient_key = last_reading.patient_key

),

numerator as (

    select * from judged
    where gap is not null

),

findings as (

    select
        period_key,
        patient_key,
        evidence_on,
        evidence_value,
        coalesce(gap, caution) as reason,
        caution is null as is_assessable
    from judged

)

{{ measure_results(is_inverse=true, has_findings=true) }}
