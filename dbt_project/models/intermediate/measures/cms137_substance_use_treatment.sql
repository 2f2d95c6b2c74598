{%- set visit_sets = [
    'office_visit', 'emergency_department_evaluation_and_management_visit', 'detoxification_visit', 'initial_hospital_inpatient_visit',
    'discharge_services_hospital_inpatient', 'discharge_services_hospital_inpatient_same_day_discharge', 'telephone_visits', 'virtual_encounter',
] -%}
-- CMS137 Initiation and Engagement of Substance Use Disorder Treatment (FHIR), version 1.0.000. All hangs on the first episode of the year:
-- 1 treatment within 14 days, 2 more of it in the 34 days after that
with

patient_periods as (

    select * from {{ ref('int_measures__patient_periods') }}
    where age_at_start >= 13

),

-- The diagnosis belongs to the visit by its onset within the visit's hours, 47 days or more before the period ends
episodes as (

    select
        patient_periods.period_key,
        patient_periods.patient_key,
        min({
            'started_on': encounters.lo_on_earliest,
            'started_at': encounters.lo_at_earliest,
            'source_system': encounters.source_system,
            'encounter_id': encounters.encounter_id
        }) as visit
    from patient_periods
    inner join {{ ref('int_clinical__encounters') }} as encounters
        on patient_periods.patient_key = encounters.patient_key
        and encounters.lo_at_earliest >= patient_periods.period_starts_at
        and encounters.hi_at_latest < patient_periods.period_ends_before
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on encounters.patient_key = conditions.patient_key
        and conditions.lo_at_earliest >= encounters.lo_at_latest
        and conditions.lo_at_latest <= encounters.hi_at_earliest
        and conditions.lo_on_latest <= patient_periods.period_end_on - 47
    where
        encounters.is_performed
        and encounters.value_set in ('{{ visit_sets | join("', '") }}')
        and conditions.value_set = 'substance_use_disorder'
        and conditions.is_verified
        and conditions.is_encounter_diagnosis
    group by patient_periods.period_key, patient_periods.patient_key

),

-- Visits for which a substance use disorder is named as the reason
visits_for_it as (

    select
        encounters.patient_key,
        encounters.source_system,
        encounters.encounter_id,
        encounters.lo_on_earliest,
        encounters.lo_on_latest,
        encounters.code_name,
        bool_or(encounters.value_set in ('telephone_visits', 'virtual_encounter')) as is_remote,
        bool_or(encounters.value_set in ('emergency_department_evaluation_and_management_visit', 'detoxification_visit'))
            as is_acute
    from {{ ref('int_clinical__encounters') }} as encounters
    inner join {{ ref('int_clinical__encounter_reasons') }} as reasons
        on encounters.source_system = reasons.source_system
        and encounters.encounter_id = reasons.encounter_id
    where
        encounters.is_performed
        and encounters.value_set in ('{{ visit_sets | join("', '") }}')
        and reasons.value_set = 'substance_use_disorder'
        and reasons.is_condition
    group by all

),

-- Each item once, whatever sets its code is in
treatments as (

    select
        patient_key,
        source_system,
        'Procedure' as resource_type,
        procedure_id as resource_id,
        lo_on_earliest,
        lo_on_latest,
        code_name,
        bool_or(value_set = 'substance_use_disorder_long_acting_medication_administration') as is_long_acting,
        bool_or(value_set != 'substance_use_disorder_long_acting_medication_administration') as is_of_other_kind,
        true as is_treatment,
        true as is_history
    from {{ ref('int_clinical__procedures') }}
    where
        is_performed
        and value_set in (
            'substance_use_disorder_treatment',
            'psych_visit_psychotherapy',
            'substance_use_disorder_long_acting_medication_administration',
            'substance_use_disorder_short_acting_medication_administration'
        )
    group by all

    union all

    select
        patient_key,
        source_system,
        'MedicationRequest' as resource_type,
        medication_request_id as resource_id,
        lo_on_earliest,
        lo_on_latest,
        code_name,
        bool_or(value_set = 'substance_use_disorder_long_acting_medication') as is_long_acting,
        bool_or(value_set = 'substance_use_disorder_short_acting_medication') as is_of_other_kind,
        true as is_treatment,
        true as is_history
    from {{ ref('int_clinical__medication_requests') }}
    where
        is_active_or_completed
        and is_order
        and not is_not_to_be_given
        and value_set in ('substance_use_disorder_long_acting_medication', 'substance_use_disorder_short_acting_medication')
    group by all

    union all

    select
        patient_key,
        source_system,
        'Encounter' as resource_type,
        encounter_id as resource_id,
        lo_on_earliest,
        lo_on_latest,
        code_name,
        false as is_long_acting,
        is_remote as is_of_other_kind,
        is_remote as is_treatment,
        not is_acute as is_history
    from visits_for_it

),

initial_population as (

    select
        groups.group_id,
        patient_periods.*,
        episodes.visit,
        episodes.visit.started_on as diagnosed_on
    from patient_periods
    inner join episodes
        on patient_periods.period_key = episodes.period_key
        and patient_periods.patient_key = episodes.patient_key
    cross join (values ('Group_1'), ('Group_2')) as groups (group_id)
    -- New: no care for it in the 60 days before
    where not exists (
        select 1
        from treatments
        where
            treatments.patient_key = episodes.patient_key
            and treatments.is_history
            and {{ starts_during_days('treatments', 'episodes.visit.started_on - 60', 'episodes.visit.started_on - 1') }}
    )

),

denominator as (

    select * from initial_population

),

denominator_exclusions as (

    {{ shared_exclusions(1, ['hospice'], grouped=true) }}

),

-- The day of the diagnosis counts, its own visit does not
initiations as (

    select
        denominator.period_key,
        denominator.patient_key,
        min({'lo_on': treatments.lo_on_latest, 'code_name': treatments.code_name}) as treatment
    from denominator
    inner join treatments
        on denominator.patient_key = treatments.patient_key
        and {{ starts_during_days('treatments', 'denominator.diagnosed_on', 'denominator.diagnosed_on + 13') }}
    where
        treatments.is_treatment
        and not (
            treatments.resource_type = 'Encounter'
            and treatments.source_system = denominator.visit.source_system
            and treatments.resource_id = denominator.visit.encounter_id
        )
    group by denominator.period_key, denominator.patient_key

),

engagements as (

    select
        initiations.period_key,
        initiations.patient_key,
        min(treatments.lo_on_latest) filter (where treatments.is_long_acting) as long_acting_on,
        list_sort(list(treatments.lo_on_latest) filter (where treatments.is_of_other_kind)) as others_on
    from initiations
    inner join treatments
        on initiations.patient_key = treatments.patient_key
        and {{ starts_during_days('treatments', 'initiations.treatment.lo_on + 1', 'initiations.treatment.lo_on + 34') }}
    where treatments.is_treatment
    group by initiations.period_key, initiations.patient_key

),

treated as (

    select
        denominator.group_id,
        denominator.period_key,
        denominator.patient_key,
        denominator.diagnosed_on,
        initiations.treatment.lo_on as initiated_on,
        initiations.treatment.code_name as initiated_by,
        engagements.others_on[1] as continued_on,
        least(engagements.long_acting_on, engagements.others_on[2]) as engaged_on
    from denominator
    left join initiations
        on denominator.period_key = initiations.period_key
        and denominator.patient_key = initiations.patient_key
    left join engagements
        on denominator.period_key = engagements.period_key
        and denominator.patient_key = engagements.patient_key

),

numerator as (

    select
        group_id,
        period_key,
        patient_key,
        case group_id when 'Group_1' then initiated_on else engaged_on end as evidence_on,
        case group_id when 'Group_1' then coalesce(initiated_by, 'Treatment') else 'Treatment went on' end as evidence_value
    from treated
    where case group_id when 'Group_1' then initiated_on else engaged_on end is not null

),

-- Whether treatment goes on cannot be judged before it has begun, unless it is too late to begin
findings as (

    select
        group_id,
        period_key,
        patient_key,
        case when group_id = 'Group_2' then coalesce(continued_on, initiated_on, diagnosed_on) else diagnosed_on end as evidence_on,
        cast(null as varchar) as evidence_value,
        case
            when initiated_on is null and diagnosed_on + 13 < {{ as_of_on() }}
                then 'Treatment not begun from ' || diagnosed_on || ' to ' || (diagnosed_on + 13)
            when initiated_on is null and group_id = 'Group_2' then 'Treatment has not begun'
            when initiated_on is null then 'Treatment not begun since ' || diagnosed_on || ': it counts until ' || (diagnosed_on + 13)
            when continued_on is null then 'Treatment has not gone on since ' || initiated_on || ': it counts until ' || (initiated_on + 34)
            else 'One further treatment is missing by ' || (initiated_on + 34) || ' after that of ' || continued_on
        end as reason,
        group_id = 'Group_1' or initiated_on is not null or diagnosed_on + 13 < {{ as_of_on() }} as is_assessable,
        case when group_id = 'Group_1' or initiated_on is null then diagnosed_on else initiated_on + 1 end as due_from_on,
        case when group_id = 'Group_1' or initiated_on is null then diagnosed_on + 13 else initiated_on + 34 end as close_by_on
    from treated

)

{{ measure_results(grouped=true, has_findings=true, has_window=true) }}
