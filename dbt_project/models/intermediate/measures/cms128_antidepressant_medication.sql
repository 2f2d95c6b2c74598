{%- set visit_sets = [
    'office_visit', 'preventive_care_services_established_office_visit_18_and_up',
    'preventive_care_services_initial_office_visit_18_and_up', 'home_healthcare_services', 'annual_wellness_visit',
    'nursing_facility_visit', 'psych_visit_diagnostic_evaluation', 'psych_visit_psychotherapy', 'telephone_visits', 'virtual_encounter',
] -%}
-- CMS128 Antidepressant Medication Management (FHIR), version 1.0.000. All hangs on the first dispense of the intake window
with

dispenses as (

    select
        patient_key,
        code_name,
        taken_from_on,
        taken_to_on
    from {{ ref('int_clinical__medication_dispenses') }}
    where value_set = 'antidepressant_medication' and is_dispensed and taken_from_on <= taken_to_on

),

-- From May of the year before to April
indexes as (

    select
        patient_periods.period_key,
        patient_periods.patient_key,
        patient_periods.birth_on,
        min(dispenses.taken_from_on) as index_on
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    inner join dispenses
        on patient_periods.patient_key = dispenses.patient_key
        and dispenses.taken_from_on >= cast(patient_periods.period_start_on - interval 8 month as date)
        and dispenses.taken_from_on < cast(patient_periods.period_start_on + interval 4 month as date)
    group by patient_periods.period_key, patient_periods.patient_key, patient_periods.birth_on

),

phases as (

    select *
    from (values ('Group_1', 114, 84), ('Group_2', 231, 180)) as phases (group_id, last_day, days_needed)

),

initial_population as (

    select
        phases.*,
        indexes.*
    from indexes
    cross join phases
    where
        {{ age_on('indexes.birth_on', 'indexes.index_on') }} >= 18
        and exists (
            select 1
            from {{ ref('int_clinical__conditions') }} as conditions
            where
                conditions.patient_key = indexes.patient_key
                and conditions.value_set = 'major_depression'
                and conditions.is_verified
                and {{ starts_during_days('conditions', 'indexes.index_on - 60', 'indexes.index_on + 60') }}
        )
        and exists (
            select 1
            from {{ ref('int_clinical__encounters') }} as encounters
            where
                encounters.patient_key = indexes.patient_key
                and encounters.is_performed
                and encounters.value_set in ('{{ visit_sets | join("', '") }}')
                and {{ starts_during_days('encounters', 'indexes.index_on - 60', 'indexes.index_on + 60') }}
        )

),

denominator as (

    select * from initial_population

),

denominator_exclusions as (

    {{ shared_exclusions(1, ['hospice'], grouped=true) }}

    union all

    -- An order that has run since a day before the first dispense
    select
        denominator.group_id,
        denominator.period_key,
        denominator.patient_key,
        2 as rule,
        requests.taken_from_on as evidence_on,
        'Antidepressant taken before: ' || coalesce(requests.code_name, 'on record') as reason
    from denominator
    inner join {{ ref('int_clinical__medication_requests') }} as requests
        on denominator.patient_key = requests.patient_key
        and requests.taken_from_on <= denominator.index_on - 1
        and requests.taken_to_on >= denominator.index_on - 105
    where
        requests.value_set = 'antidepressant_medication'
        and requests.status = 'active'
        and requests.is_order
        and not requests.is_not_to_be_given

),

supplies as (

    select
        denominator.group_id,
        denominator.period_key,
        denominator.patient_key,
        denominator.index_on,
        denominator.last_day,
        dispenses.taken_from_on,
        dispenses.taken_to_on
    from denominator
    inner join dispenses
        on denominator.patient_key = dispenses.patient_key

),

covered as (

    {{ covered_days('supplies', 'group_id, period_key, patient_key', 'index_on', 'index_on + last_day') }}

),

supplied as (

    select
        denominator.*,
        coalesce(covered.covered_days, 0) as covered_days,
        last_supplies.supplied_to_on
    from denominator
    left join covered
        on denominator.group_id = covered.group_id
        and denominator.period_key = covered.period_key
        and denominator.patient_key = covered.patient_key
    left join (
        select
            group_id,
            period_key,
            patient_key,
            max(least(taken_to_on, index_on + last_day)) as supplied_to_on
        from supplies
        where taken_from_on <= index_on + last_day
        group by group_id, period_key, patient_key
    ) as last_supplies
        on denominator.group_id = last_supplies.group_id
        and denominator.period_key = last_supplies.period_key
        and denominator.patient_key = last_supplies.patient_key

),

numerator as (

    select
        group_id,
        period_key,
        patient_key,
        supplied_to_on as evidence_on,
        covered_days || ' of ' || (last_day + 1) || ' days covered' as evidence_value
    from supplied
    where covered_days >= days_needed

),

findings as (

    select
        group_id,
        period_key,
        patient_key,
        supplied_to_on as evidence_on,
        covered_days || ' of ' || (last_day + 1) || ' days covered' as evidence_value,
        case
            when not is_attainable
                then 'Antidepressant covered ' || covered_days || ' of ' || days_needed || ' days needed, and can no longer reach them'
            else 'Antidepressant covers ' || covered_days || ' of ' || days_needed || ' days needed; the supply ends on ' || supplied_to_on
        end as reason,
        true as is_assessable,
        supplied_to_on + 1 as due_from_on,
        case when is_attainable then index_on + last_day else least(index_on + last_day, {{ as_of_on() }} - 1) end as close_by_on
    from supplied
    -- With every day from now to the end of the window
    cross join lateral (
        select
            covered_days + greatest(index_on + last_day - greatest({{ as_of_on() }} - 1, supplied_to_on), 0) >= days_needed
                as is_attainable
    ) as attainable

)

{{ measure_results(grouped=true, has_findings=true, has_window=true) }}
