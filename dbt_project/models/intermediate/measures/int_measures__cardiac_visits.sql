-- The visits of the measures of heart failure and coronary disease: of adults who have had two in the period, one of them a phone call or letter at most
with

candidates as (

    select patient_key
    from {{ ref('int_clinical__conditions') }}
    where value_set in ('heart_failure', 'coronary_artery_disease_no_mi') and is_verified

    union

    select patient_key
    from {{ ref('int_clinical__procedures') }}
    where value_set = 'cardiac_surgery' and is_performed

),

patient_periods as (

    select * from {{ ref('int_measures__patient_periods') }}
    where age_at_start >= 18 and patient_key in (select patient_key from candidates)

),

visits as (

    select
        patient_periods.period_key,
        patient_periods.patient_key,
        encounters.source_system,
        encounters.encounter_id,
        bool_or(encounters.value_set != 'patient_provider_interaction') as is_outpatient,
        min(encounters.lo_on_latest) as started_on,
        min(encounters.hi_on_latest) as ended_on,
        min(encounters.lo_at_latest) as started_at,
        min(encounters.hi_at_earliest) as ended_at
    from patient_periods
    inner join {{ ref('int_clinical__encounters') }} as encounters
        on patient_periods.patient_key = encounters.patient_key
        and {{ during_days('encounters', 'patient_periods.period_start_on', 'patient_periods.period_end_on') }}
    where
        encounters.is_performed
        and encounters.value_set in (
            'care_services_in_long_term_residential_facility',
            'home_healthcare_services',
            'nursing_facility_visit',
            'office_visit',
            'outpatient_consultation',
            'patient_provider_interaction'
        )
    group by patient_periods.period_key, patient_periods.patient_key, encounters.source_system, encounters.encounter_id

),

counted as (

    select
        *,
        count(*) over (partition by period_key, patient_key) as n_visits
    from visits

)

select * exclude (is_outpatient, n_visits)
from counted
where is_outpatient and n_visits >= 2
