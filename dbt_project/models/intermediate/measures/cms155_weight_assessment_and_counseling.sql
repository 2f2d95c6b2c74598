-- CMS155 Weight Assessment and Counseling for Nutrition and Physical Activity (FHIR), version 1.0.000
with

children as (

    select *
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    where
        age_at_end between 3 and 17
        and {{ has_visit(value_sets=[
            'office_visit',
            'preventive_care_services_individual_counseling',
            'preventive_care_established_office_visit_0_to_17',
            'preventive_care_services_initial_office_visit_0_to_17',
            'preventive_care_services_group_counseling',
            'home_healthcare_services',
            'telephone_visits'
        ]) }}

),

-- Group 1 measurements, group 2 nutrition, group 3 physical activity
initial_population as (

    select
        groups.group_id,
        children.*
    from children
    cross join (values ('Group_1'), ('Group_2'), ('Group_3')) as groups (group_id)

),

denominator as (

    select * from initial_population

),

denominator_exclusions as (

    {{ shared_exclusions(1, ['hospice'], grouped=true) }}

    union all

    select
        denominator.group_id,
        denominator.period_key,
        denominator.patient_key,
        2 as rule,
        {{ evidence_on('conditions') }} as evidence_on,
        'Pregnancy in the period' as reason
    from denominator
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on denominator.patient_key = conditions.patient_key
        and {{ overlaps_instants('conditions', 'denominator.period_starts_at', 'denominator.period_ends_before') }}
    where conditions.value_set = 'pregnancy' and conditions.is_verified

),

-- Each is searched separately: they need not be on the same day, nor at a visit
measurements as (

    select
        children.period_key,
        children.patient_key,
        case
            when observations.value_set = 'bmi_percentile' then 'BMI percentile'
            when observations.value_set = 'body_height' then 'height'
            else 'weight'
        end as measurement,
        min({{ evidence_on('observations') }}) as first_on,
        arg_max(observations.value_text, (observations.hi_on_latest, observations.value_text)) as last_value
    from children
    inner join {{ ref('int_clinical__observations') }} as observations
        on children.patient_key = observations.patient_key
        and {{ during_days('observations', 'children.period_start_on', 'children.period_end_on') }}
    where
        observations.value_set in ('bmi_percentile', 'body_height', 'body_weight')
        and observations.is_performed
        and observations.has_value
    group by all

),

counselings as (

    select
        case when procedures.value_set = 'counseling_for_nutrition' then 'Group_2' else 'Group_3' end as group_id,
        children.period_key,
        children.patient_key,
        {{ evidence_on('procedures') }} as evidence_on,
        procedures.code_name as evidence_value
    from children
    inner join {{ ref('int_clinical__procedures') }} as procedures
        on children.patient_key = procedures.patient_key
        and {{ during_days('procedures', 'children.period_start_on', 'children.period_end_on') }}
    where
        procedures.value_set in ('counseling_for_nutrition', 'counseling_for_physical_activity')
        and procedures.is_performed

),

numerator as (

    select
        'Group_1' as group_id,
        period_key,
        patient_key,
        max(first_on) as evidence_on,
        string_agg(measurement || ' ' || last_value, ', ' order by measurement) as evidence_value
    from measurements
    group by period_key, patient_key
    having count(*) = 3

    union all

    select
        group_id,
        period_key,
        patient_key,
        evidence_on,
        coalesce(evidence_value, 'Counseling') as evidence_value
    from counselings

),

findings as (

    select
        denominator.group_id,
        denominator.period_key,
        denominator.patient_key,
        cast(null as date) as evidence_on,
        cast(null as varchar) as evidence_value,
        case denominator.group_id
            when 'Group_1' then 'Missing: ' || array_to_string(
                list_filter(
                    ['BMI percentile', 'height', 'weight'], lambda x: not list_contains(coalesce(present.measurements, []), x)
                ),
                ', '
            )
            when 'Group_2' then 'No counseling for nutrition in the period'
            else 'No counseling for physical activity in the period'
        end as reason,
        true as is_assessable
    from denominator
    left join (
        select period_key, patient_key, list(measurement) as measurements
        from measurements
        group by period_key, patient_key
    ) as present
        on denominator.period_key = present.period_key
        and denominator.patient_key = present.patient_key

)

{{ measure_results(grouped=true, has_findings=true) }}
