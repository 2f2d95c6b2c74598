{%- set is_preventive -%}
    encounters.value_set in (
        'annual_wellness_visit',
        'preventive_care_services_established_office_visit_18_and_up',
        'preventive_care_services_initial_office_visit_18_and_up',
        'preventive_care_established_office_visit_0_to_17',
        'preventive_care_services_initial_office_visit_0_to_17',
        'preventive_care_services_group_counseling',
        'preventive_care_services_individual_counseling',
        'nutrition_services',
        'cms138_preventive_visit'
    )
{%- endset -%}
{%- set help_first = 'cast(denominator.period_start_on - interval 6 month as date)' -%}
-- CMS138 Tobacco Use: Screening and Cessation Intervention (FHIR), version 1.0.000
with

visits as (

    select
        patient_periods.period_key,
        patient_periods.patient_key,
        encounters.source_system,
        encounters.encounter_id,
        {{ is_preventive }} as is_preventive
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    inner join {{ ref('int_clinical__encounters') }} as encounters
        on patient_periods.patient_key = encounters.patient_key
        and {{ during_days('encounters', 'patient_periods.period_start_on', 'patient_periods.period_end_on') }}
    where
        patient_periods.age_at_start >= 12
        and encounters.is_performed
        and (
            {{ is_preventive }}
            or encounters.value_set in (
                'home_healthcare_services',
                'occupational_therapy_evaluation',
                'office_visit',
                'ophthalmological_services',
                'physical_therapy_evaluation',
                'psych_visit_diagnostic_evaluation',
                'psych_visit_psychotherapy',
                'psychoanalysis',
                'speech_and_hearing_evaluation',
                'telephone_visits',
                'virtual_encounter',
                'cms138_qualifying_visit'
            )
        )

),

-- Two visits, or one preventive one. A visit that is in two sets is one visit
visited as (

    select
        period_key,
        patient_key
    from visits
    group by period_key, patient_key
    having
        bool_or(is_preventive)
        or count(distinct (source_system, encounter_id)) filter (where not is_preventive) >= 2

),

-- Group 1 screened, group 2 users helped, group 3 screened and helped if a user
initial_population as (

    select
        groups.group_id,
        patient_periods.*
    from visited
    inner join {{ ref('int_measures__patient_periods') }} as patient_periods
        on visited.period_key = patient_periods.period_key
        and visited.patient_key = patient_periods.patient_key
    cross join (values ('Group_1'), ('Group_2'), ('Group_3')) as groups (group_id)

),

-- The last screening is chosen before it is judged: one without a usable answer overrides an earlier one
last_screening as (

    select
        initial_population.period_key,
        initial_population.patient_key,
        statuses.lo_on_latest as screened_on,
        statuses.value_name,
        list_contains(statuses.value_value_sets, 'tobacco_user') as is_user,
        list_contains(statuses.value_value_sets, 'tobacco_non_user') as is_non_user
    from initial_population
    inner join {{ ref('int_clinical__smoking_statuses') }} as statuses
        on initial_population.patient_key = statuses.patient_key
        and {{ during_days('statuses', 'initial_population.period_start_on', 'initial_population.period_end_on') }}
    where initial_population.group_id = 'Group_1' and statuses.is_final
    qualify row_number() over (
        partition by initial_population.period_key, initial_population.patient_key
        order by statuses.lo_at_latest desc, statuses.observation_id desc
    ) = 1

),

denominator as (

    select initial_population.*
    from initial_population
    left join last_screening
        on initial_population.period_key = last_screening.period_key
        and initial_population.patient_key = last_screening.patient_key
    where initial_population.group_id != 'Group_2' or last_screening.is_user

),

denominator_exclusions as (

    {{ shared_exclusions(1, ['hospice'], grouped=true) }}

),

-- The intervention may be up to half a year before the period
help as (

    select
        denominator.period_key,
        denominator.patient_key,
        {{ evidence_on('procedures') }} as helped_on,
        coalesce(procedures.code_name, 'Counseling') as help_name
    from denominator
    inner join {{ ref('int_clinical__procedures') }} as procedures
        on denominator.patient_key = procedures.patient_key
        and {{ during_days('procedures', help_first, 'denominator.period_end_on') }}
    where
        denominator.group_id = 'Group_2'
        and procedures.is_performed
        and procedures.value_set = 'tobacco_use_cessation_counseling'

    union all

    select
        denominator.period_key,
        denominator.patient_key,
        conditions.lo_on_latest as helped_on,
        coalesce(conditions.code_name, 'Counseling') as help_name
    from denominator
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on denominator.patient_key = conditions.patient_key
        and {{ starts_during_days('conditions', help_first, 'denominator.period_end_on') }}
    where
        denominator.group_id = 'Group_2'
        and conditions.is_verified
        and conditions.value_set = 'tobacco_counseling_diagnosis'

    union all

    -- Ordered in time and not rejected, or taken wholly within it
    select
        denominator.period_key,
        denominator.patient_key,
        requests.lo_on_latest as helped_on,
        coalesce(requests.code_name, 'Medication') as help_name
    from denominator
    inner join {{ ref('int_clinical__medication_requests') }} as requests
        on denominator.patient_key = requests.patient_key
    left join (
        select distinct source_system, focus_id
        from {{ ref('int_clinical__tasks') }}
        where status = 'rejected' and is_fulfilment
    ) as rejections
        on requests.source_system = rejections.source_system
        and requests.medication_request_id = rejections.focus_id
    where
        denominator.group_id = 'Group_2'
        and requests.value_set = 'tobacco_use_cessation_pharmacotherapy'
        and requests.is_active_or_completed
        and requests.is_order
        and not requests.is_not_to_be_given
        and (
            (rejections.focus_id is null and {{ during_days('requests', help_first, 'denominator.period_end_on') }})
            or (
                requests.status = 'active'
                and requests.taken_from_on >= {{ help_first }}
                and requests.taken_to_on <= denominator.period_end_on
            )
        )

),

numerator as (

    select
        'Group_1' as group_id,
        period_key,
        patient_key,
        screened_on as evidence_on,
        value_name as evidence_value
    from last_screening
    where is_user or is_non_user

    union all

    select
        groups.group_id,
        help.period_key,
        help.patient_key,
        help.helped_on as evidence_on,
        help.help_name as evidence_value
    from help
    cross join (values ('Group_2'), ('Group_3')) as groups (group_id)

    union all

    select
        'Group_3' as group_id,
        period_key,
        patient_key,
        screened_on as evidence_on,
        value_name as evidence_value
    from last_screening
    where is_non_user

),

findings as (

    select
        denominator.group_id,
        denominator.period_key,
        denominator.patient_key,
        last_screening.screened_on as evidence_on,
        last_screening.value_name as evidence_value,
        case
            when last_screening.patient_key is null then 'Tobacco use not asked in the period'
            when last_screening.is_user then 'Tobacco user on ' || last_screening.screened_on || ', no counseling or medication since'
            else 'The last answer on tobacco use cannot be read as user or non-user'
        end as reason,
        true as is_assessable
    from denominator
    left join last_screening
        on denominator.period_key = last_screening.period_key
        and denominator.patient_key = last_screening.patient_key

)

{{ measure_results(grouped=true, has_findings=true) }}
