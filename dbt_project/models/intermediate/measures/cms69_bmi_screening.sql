-- CMS69 Preventive Care and Screening: Body Mass Index (BMI) Screening and Follow-Up Plan (FHIR), version 1.0.000
with

visits as (

    select distinct
        patient_periods.period_key,
        patient_periods.patient_key,
        patient_periods.birth_on,
        encounters.lo_on_earliest as visited_on
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    inner join {{ ref('int_clinical__encounters') }} as encounters
        on patient_periods.patient_key = encounters.patient_key
        and {{ during_days('encounters', 'patient_periods.period_start_on', 'patient_periods.period_end_on') }}
    where
        encounters.value_set = 'encounter_to_evaluate_bmi'
        and encounters.is_performed
        and coalesce(encounters.class_code, '') != 'VR'

),

-- An adult on the day of any visit in the period
initial_population as (

    select patient_periods.*
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    inner join (
        select distinct period_key, patient_key from visits
        where {{ age_on('birth_on', 'visited_on') }} >= 18
    ) as adults
        on patient_periods.period_key = adults.period_key
        and patient_periods.patient_key = adults.patient_key

),

denominator as (

    select * from initial_population

),

denominator_exclusions as (

    {{ shared_exclusions(1, ['hospice', 'palliative_care']) }}

    union all

    select
        denominator.period_key,
        denominator.patient_key,
        2 as rule,
        {{ evidence_on('conditions') }} as evidence_on,
        'Pregnancy in the period' as reason
    from denominator
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on denominator.patient_key = conditions.patient_key
        and {{ overlaps_days('conditions', 'denominator.period_start_on', 'denominator.period_end_on') }}
    where conditions.value_set = 'pregnancy_obstetric_or_maternal_diagnoses'

    union all

    select
        denominator.period_key,
        denominator.patient_key,
        2 as rule,
        {{ evidence_on('observations') }} as evidence_on,
        'Pregnancy in the period' as reason
    from denominator
    inner join {{ ref('int_clinical__observations') }} as observations
        on denominator.patient_key = observations.patient_key
        and {{ overlaps_days('observations', 'denominator.period_start_on', 'denominator.period_end_on') }}
    where
        observations.value_set = 'pregnancy_status'
        and observations.is_performed
        and list_contains(observations.value_value_sets, 'pregnancy_obstetric_or_maternal_diagnoses')

),

bmis as (

    select
        denominator.period_key,
        denominator.patient_key,
        {{ evidence_on('observations') }} as measured_on,
        observations.value_text,
        case
            when observations.value_quantity < 18.5 then 'low'
            when observations.value_quantity < 25 then 'normal'
            else 'high'
        end as bmi_class
    from denominator
    inner join {{ ref('int_clinical__observations') }} as observations
        on denominator.patient_key = observations.patient_key
        and {{ during_days('observations', 'denominator.period_start_on', 'denominator.period_end_on') }}
    where
        observations.value_set = 'body_mass_index'
        and observations.is_performed
        and observations.value_quantity > 0
        and observations.value_unit = 'kg/m2'

),

-- The follow-up required by each finding, and the diagnosis that must support it
follow_up_value_sets as (

    select *
    from (
        values
        ('high', 'overweight_or_obese', 'follow_up_for_above_normal_bmi'),
        ('high', 'overweight_or_obese', 'medications_for_above_normal_bmi'),
        ('high', 'overweight_or_obese', 'referrals_where_weight_assessment_may_occur'),
        ('low', 'underweight', 'follow_up_for_below_normal_bmi'),
        ('low', 'underweight', 'medications_for_below_normal_bmi'),
        ('low', 'underweight', 'referrals_where_weight_assessment_may_occur')
    ) as follow_ups (bmi_class, diagnosis, value_set)

),

diagnoses as (

    select * from {{ ref('int_clinical__conditions') }}
    where value_set in ('overweight_or_obese', 'underweight')

),

-- An order counts in any status, if supported by a reason or by any earlier diagnosis
orders as (

    select
        patient_key,
        value_set,
        code_name,
        reason_value_sets,
        lo_on_earliest,
        lo_on_latest
    from {{ ref('int_clinical__service_requests') }}
    where not is_not_to_be_done and value_set not like 'medications%'

    union all

    select
        patient_key,
        value_set,
        code_name,
        reason_value_sets,
        lo_on_earliest,
        lo_on_latest
    from {{ ref('int_clinical__medication_requests') }}
    where not is_not_to_be_given and value_set like 'medications%'

),

follow_ups as (

    select
        denominator.period_key,
        denominator.patient_key,
        follow_up_value_sets.bmi_class,
        orders.lo_on_latest as followed_up_on,
        orders.code_name
    from denominator
    inner join orders
        on denominator.patient_key = orders.patient_key
        and {{ starts_during_days('orders', 'denominator.period_start_on', 'denominator.period_end_on') }}
    inner join follow_up_value_sets
        on orders.value_set = follow_up_value_sets.value_set
    where
        list_contains(orders.reason_value_sets, follow_up_value_sets.diagnosis)
        or exists (
            select 1
            from diagnoses
            where
                diagnoses.patient_key = orders.patient_key
                and diagnoses.value_set = follow_up_value_sets.diagnosis
                and diagnoses.lo_on_latest <= orders.lo_on_earliest
        )

    union all

    -- A procedure counts if supported by a reason, or by a problem that has not ended by then
    select
        denominator.period_key,
        denominator.patient_key,
        follow_up_value_sets.bmi_class,
        procedures.lo_on_latest as followed_up_on,
        procedures.code_name
    from denominator
    inner join {{ ref('int_clinical__procedures') }} as procedures
        on denominator.patient_key = procedures.patient_key
        and {{ starts_during_days('procedures', 'denominator.period_start_on', 'denominator.period_end_on') }}
    inner join follow_up_value_sets
        on procedures.value_set = follow_up_value_sets.value_set
        and follow_up_value_sets.value_set like 'follow_up%'
    where
        procedures.status != 'not-done'
        and (
            (
                list_contains(procedures.reason_value_sets, follow_up_value_sets.diagnosis)
                and (follow_up_value_sets.bmi_class = 'high' or procedures.is_performed)
            )
            or (
                (follow_up_value_sets.bmi_class = 'high' or procedures.hi_on_latest <= denominator.period_end_on)
                and exists (
                    select 1
                    from diagnoses
                    where
                        diagnoses.patient_key = procedures.patient_key
                        and diagnoses.value_set = follow_up_value_sets.diagnosis
                        and diagnoses.is_problem_or_health_concern
                        -- Underweight must be a health concern; the problem list is not enough
                        and (diagnoses.value_set = 'overweight_or_obese' or diagnoses.is_health_concern)
                        and diagnoses.lo_on_latest <= procedures.lo_on_earliest
                        and diagnoses.hi_on_earliest >= procedures.lo_on_latest
                )
            )
        )

),

numerator as (

    select
        period_key,
        patient_key,
        max(measured_on) as evidence_on,
        arg_max(value_text, (measured_on, value_text)) as evidence_value
    from bmis
    group by period_key, patient_key
    having bool_and(bmi_class = 'normal')

    union all

    select
        bmis.period_key,
        bmis.patient_key,
        bmis.measured_on as evidence_on,
        bmis.value_text || ', ' || coalesce(follow_ups.code_name, 'followed up') as evidence_value
    from bmis
    inner join follow_ups
        on bmis.period_key = follow_ups.period_key
        and bmis.patient_key = follow_ups.patient_key
        and bmis.bmi_class = follow_ups.bmi_class

),

denominator_exceptions as (

    select
        visits.period_key,
        visits.patient_key,
        1 as rule,
        requests.lo_on_latest as evidence_on,
        'Follow-up not ordered for a medical reason' as reason
    from visits
    inner join {{ ref('int_clinical__service_requests') }} as requests
        on visits.patient_key = requests.patient_key
        and {{ during_days('requests', 'visits.visited_on', 'visits.visited_on') }}
    where
        requests.is_not_to_be_done
        and requests.status = 'completed'
        and requests.value_set in (
            'referrals_where_weight_assessment_may_occur', 'follow_up_for_above_normal_bmi', 'follow_up_for_below_normal_bmi'
        )
        and list_contains(requests.not_done_reason_value_sets, 'medical_reason')

    union all

    select
        visits.period_key,
        visits.patient_key,
        2 as rule,
        requests.lo_on_latest as evidence_on,
        'Medication not ordered for a medical reason' as reason
    from visits
    inner join {{ ref('int_clinical__medication_requests') }} as requests
        on visits.patient_key = requests.patient_key
        and {{ during_days('requests', 'visits.visited_on', 'visits.visited_on') }}
    where
        requests.is_not_to_be_given
        and requests.status = 'completed'
        and requests.value_set in ('medications_for_above_normal_bmi', 'medications_for_below_normal_bmi')
        and list_contains(requests.reason_value_sets, 'medical_reason')

    union all

    select
        visits.period_key,
        visits.patient_key,
        3 as rule,
        observations.hi_on_latest as evidence_on,
        'BMI not taken: declined, or a medical reason' as reason
    from visits
    inner join {{ ref('int_clinical__observations') }} as observations
        on visits.patient_key = observations.patient_key
        and {{ ends_during_days('observations', 'visits.visited_on', 'visits.visited_on') }}
    where
        observations.value_set = 'body_mass_index'
        and observations.status = 'cancelled'
        and (
            list_contains(observations.not_done_reason_value_sets, 'patient_declined')
            or list_contains(observations.not_done_reason_value_sets, 'medical_reason')
        )

),

findings as (

    select
        period_key,
        patient_key,
        measured_on as evidence_on,
        value_text as evidence_value,
        'BMI ' || value_text || ' on ' || measured_on || ' is ' || case bmi_class when 'high' then 'above' else 'below' end
        || ' normal, without a follow-up for that reason' as reason,
        true as is_assessable
    from bmis
    where bmi_class != 'normal'

)

{{ measure_results(has_exceptions=true, has_findings=true) }}
