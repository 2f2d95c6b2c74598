{#-
    What CMS146 and CMS154 share: visits at which a respiratory infection was treated, and what excludes one. Diagnoses count as encounter
    diagnoses alone. The year of visits ends three days before the period, so that what follows them can be seen.
-#}
{% macro respiratory_visits() -%}
select distinct
        patient_periods.period_key,
        patient_periods.patient_key,
        {{ episode_id('encounters') }} as episode_id,
        encounters.hi_on_latest as episode_on,
        patient_periods.birth_on,
        patient_periods.period_start_on,
        patient_periods.age_at_start,
        encounters.lo_on_earliest as started_on,
        encounters.hi_on_latest as ended_on,
        encounters.lo_at_earliest as starts_at_earliest,
        encounters.lo_at_latest as starts_at_latest
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    inner join {{ ref('int_clinical__encounters') }} as encounters
        on patient_periods.patient_key = encounters.patient_key
        and {{ ends_during_days('encounters', 'patient_periods.period_start_on', 'patient_periods.period_end_on - 3') }}
    where
        encounters.is_performed
        and encounters.value_set in (
            'emergency_department_evaluation_and_management_visit',
            'home_healthcare_services',
            'medical_disability_exam',
            'office_visit',
            'outpatient_consultation',
            'preventive_care_services_group_counseling',
            'preventive_care_services_individual_counseling',
            'preventive_care_services_initial_office_visit_0_to_17',
            'preventive_care_established_office_visit_0_to_17',
            'preventive_care_services_established_office_visit_18_and_up',
            'preventive_care_services_initial_office_visit_18_and_up',
            'telephone_visits',
            'virtual_encounter',
            'respiratory_visit'
        )
{%- endmacro %}

{#-
    The rows of `denominator_exclusions` of such visits: hospice for all of a patient's; a comorbid condition that began in the year before; an
    antibiotic being taken in the 30 days before; one of the `competing` diagnoses, begun from the day of the visit to three days after.
-#}
{% macro respiratory_exclusions(competing) -%}
select
        denominator.period_key,
        denominator.patient_key,
        denominator.episode_id,
        1 as rule,
        exclusions.evidence_on,
        exclusions.reason
    from denominator
    inner join {{ ref('int_measures__exclusions') }} as exclusions
        on denominator.period_key = exclusions.period_key
        and denominator.patient_key = exclusions.patient_key
    where exclusions.exclusion = 'hospice'

    union all

    select
        denominator.period_key,
        denominator.patient_key,
        denominator.episode_id,
        case conditions.value_set when 'comorbid_conditions_for_respiratory_conditions' then 2 else 4 end as rule,
        conditions.lo_on_latest as evidence_on,
        case conditions.value_set
            when 'comorbid_conditions_for_respiratory_conditions' then 'Comorbid condition begun in the year before the visit'
            else 'Competing diagnosis at the visit or up to three days after'
        end as reason
    from denominator
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on denominator.patient_key = conditions.patient_key
    where
        conditions.is_verified
        and conditions.is_encounter_diagnosis
        and (
            (
                conditions.value_set = 'comorbid_conditions_for_respiratory_conditions'
                and {{ starts_during_days('conditions', 'cast(denominator.started_on - interval 1 year as date)', 'denominator.started_on') }}
            )
            or (
                conditions.value_set in ('{{ competing | join("', '") }}')
                and {{ starts_during_days('conditions', 'denominator.started_on', 'denominator.started_on + 3') }}
            )
        )

    union all

    select
        denominator.period_key,
        denominator.patient_key,
        denominator.episode_id,
        3 as rule,
        requests.taken_from_on as evidence_on,
        'On an antibiotic in the 30 days before the visit' as reason
    from denominator
    inner join {{ ref('int_clinical__medication_requests') }} as requests
        on denominator.patient_key = requests.patient_key
        and requests.taken_from_on <= denominator.started_on - 1
        and requests.taken_to_on >= denominator.started_on - 30
    where
        requests.value_set = 'antibiotics_for_respiratory_infection'
        and requests.status = 'active'
        and requests.is_order
        and not requests.is_not_to_be_given
{%- endmacro %}
