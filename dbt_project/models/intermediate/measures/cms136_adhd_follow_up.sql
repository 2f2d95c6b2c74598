{%- set drugs = [
    'atomoxetine', 'clonidine', 'dexmethylphenidate', 'dextroamphetamine', 'lisdexamfetamine', 'methylphenidate', 'viloxazine',
    'guanfacine_medications', 'methamphetamine',
] -%}
-- CMS136 Follow-Up Care for Children Prescribed ADHD Medication (FHIR), version 1.0.000. All hangs on the first new order of the intake
-- year: 1 a visit within 30 days, 2 two more within 300 for children who keep taking it
with

orders as (

    select
        patient_key,
        value_set,
        source_system,
        medication_request_id,
        status,
        taken_from_on,
        taken_to_on
    from {{ ref('int_clinical__medication_requests') }}
    where
        value_set in ('{{ drugs | join("', '") }}')
        and is_active_or_completed
        and is_order
        and not is_not_to_be_given
        and taken_from_on <= taken_to_on

),

-- From March of the year before to the end of February
intakes as (

    select
        period_key,
        patient_key,
        birth_on,
        period_ends_before,
        cast(period_start_on - interval 10 month as date) as first_on,
        cast(period_start_on + interval 2 month as date) - 1 as last_on
    from {{ ref('int_measures__patient_periods') }}

),

-- New: no active order of any of the drugs in the 120 days before; completed ones do not count
indexes as (

    select
        intakes.period_key,
        intakes.patient_key,
        intakes.period_ends_before,
        min({'index_on': orders.taken_from_on, 'drug': split_part(orders.value_set, '_', 1)}) as new_order
    from intakes
    inner join orders
        on intakes.patient_key = orders.patient_key
        and orders.taken_from_on between intakes.first_on and intakes.last_on
    where
        {{ age_on('intakes.birth_on', 'intakes.first_on') }} >= 6
        and {{ age_on('intakes.birth_on', 'intakes.last_on') }} <= 12
        and not exists (
            select 1
            from orders as earlier
            where
                earlier.patient_key = orders.patient_key
                and earlier.status = 'active'
                and earlier.taken_from_on <= orders.taken_from_on - 1
                and earlier.taken_to_on >= orders.taken_from_on - 120
        )
    group by intakes.period_key, intakes.patient_key, intakes.period_ends_before

),

children as (

    select
        period_key,
        patient_key,
        period_ends_before,
        new_order.index_on,
        new_order.drug
    from indexes
    where exists (
        select 1
        from {{ ref('int_clinical__encounters') }} as encounters
        where
            encounters.patient_key = indexes.patient_key
            and encounters.is_performed
            and encounters.value_set in (
                'office_visit',
                'home_healthcare_services',
                'preventive_care_established_office_visit_0_to_17',
                'preventive_care_services_initial_office_visit_0_to_17'
            )
            and {{ during_days('encounters', 'cast(indexes.new_order.index_on - interval 6 month as date)', 'indexes.new_order.index_on') }}
    )

),

phases as (

    select *
    from (values ('Group_1', 30), ('Group_2', 300)) as phases (group_id, last_day)

),

-- A stay is psychiatric by the principal diagnosis of its claim
psychiatric_stays as (

    select distinct
        phases.group_id,
        children.period_key,
        children.patient_key
    from children
    inner join {{ ref('int_clinical__encounters') }} as encounters
        on children.patient_key = encounters.patient_key
    inner join {{ ref('int_clinical__principal_diagnoses') }} as diagnoses
        on encounters.source_system = diagnoses.source_system
        and encounters.encounter_id = diagnoses.encounter_id
    inner join phases
        on {{ starts_during_days('encounters', 'children.index_on + 1', 'children.index_on + phases.last_day') }}
    where
        encounters.value_set = 'encounter_inpatient'
        and encounters.is_performed
        and diagnoses.value_set = 'mental_behavioral_and_neurodevelopmental_disorders'

),

-- Orders of one drug follow each other, whenever they were written
taken as (

    {{ rolled_out('orders', by='patient_key, value_set', key='source_system, medication_request_id') }}

),

supplies as (

    select
        children.period_key,
        children.patient_key,
        children.index_on,
        taken.taken_from_on,
        taken.taken_to_on
    from children
    inner join taken
        on children.patient_key = taken.patient_key

),

covered as (

    {{ covered_days('supplies', 'period_key, patient_key', 'index_on', 'index_on + 300') }}

),

initial_population as (

    select
        phases.group_id,
        phases.last_day,
        children.*
    from children
    cross join phases
    left join covered
        on children.period_key = covered.period_key
        and children.patient_key = covered.patient_key
    left join psychiatric_stays
        on phases.group_id = psychiatric_stays.group_id
        and children.period_key = psychiatric_stays.period_key
        and children.patient_key = psychiatric_stays.patient_key
    where psychiatric_stays.patient_key is null and (phases.group_id = 'Group_1' or covered.covered_days >= 210)

),

denominator as (

    select * from initial_population

),

denominator_exclusions as (

    {{ shared_exclusions(1, ['hospice'], grouped=true) }}

    union all

    -- Known by the end of the period, whether it has ended or not
    select
        denominator.group_id,
        denominator.period_key,
        denominator.patient_key,
        2 as rule,
        {{ evidence_on('conditions') }} as evidence_on,
        'Narcolepsy' as reason
    from denominator
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on denominator.patient_key = conditions.patient_key
        and conditions.lo_at_latest < denominator.period_ends_before
    where conditions.value_set = 'narcolepsy' and conditions.is_verified

),

-- Days of visits; of a psychotherapy that may be anywhere, at an ambulatory place
visits as (

    select distinct
        denominator.group_id,
        denominator.period_key,
        denominator.patient_key,
        denominator.index_on,
        encounters.lo_on_latest as visited_on,
        encounters.value_set = 'virtual_encounter' as is_virtual
    from denominator
    inner join {{ ref('int_clinical__encounters') }} as encounters
        on denominator.patient_key = encounters.patient_key
        and {{ starts_during_days('encounters', 'denominator.index_on + 1', 'denominator.index_on + denominator.last_day') }}
    left join {{ ref('int_clinical__encounter_places') }} as places
        on encounters.source_system = places.source_system
        and encounters.encounter_id = places.encounter_id
        and places.value_set = 'ambulatory'
    where
        encounters.is_performed
        and (
            encounters.value_set in (
                'office_visit',
                'home_healthcare_services',
                'preventive_care_established_office_visit_0_to_17',
                'preventive_care_services_initial_office_visit_0_to_17',
                'preventive_care_services_group_counseling',
                'preventive_care_services_individual_counseling',
                'behavioral_health_follow_up_visit',
                'outpatient_consultation',
                'psych_visit_diagnostic_evaluation',
                'psych_visit_psychotherapy',
                'telephone_visits',
                'virtual_encounter'
            )
            or (encounters.value_set = 'psychotherapy_and_pharmacologic_management' and places.encounter_id is not null)
        )

),

-- Of the later visits one at most may be virtual
counted as (

    select
        group_id,
        period_key,
        patient_key,
        min(visited_on) filter (where not is_virtual and visited_on <= index_on + 30) as first_visited_on,
        min(visited_on) filter (where not is_virtual and visited_on > index_on + 30) as later_visited_on,
        min(visited_on) filter (where visited_on > index_on + 30) as later_seen_on,
        list_sort(list_distinct(list(visited_on) filter (where visited_on > index_on + 30)))[2] as seen_again_on
    from visits
    group by group_id, period_key, patient_key

),

followed as (

    select
        denominator.*,
        counted.first_visited_on,
        counted.later_visited_on,
        counted.later_seen_on,
        counted.seen_again_on
    from denominator
    left join counted
        on denominator.group_id = counted.group_id
        and denominator.period_key = counted.period_key
        and denominator.patient_key = counted.patient_key

),

numerator as (

    select
        group_id,
        period_key,
        patient_key,
        case group_id when 'Group_1' then first_visited_on else greatest(seen_again_on, later_visited_on) end as evidence_on,
        case group_id when 'Group_1' then 'Follow-up visit' else 'Two more visits' end as evidence_value
    from followed
    where
        first_visited_on is not null
        and (group_id = 'Group_1' or (later_visited_on is not null and seen_again_on is not null))

),

-- Without the first visit both phases are lost once its 30 days are over
findings as (

    select
        group_id,
        period_key,
        patient_key,
        case group_id when 'Group_1' then index_on else coalesce(later_seen_on, first_visited_on, index_on) end as evidence_on,
        cast(null as varchar) as evidence_value,
        case
            when first_visited_on is null
                then 'No visit from ' || (index_on + 1) || ' to ' || (index_on + 30) || ' after the first order of ' || drug || ' on ' || index_on
            when later_seen_on is null
                then 'Two more visits are missing from ' || (index_on + 31) || ' to ' || (index_on + 300) || ', one of which may be virtual'
            when seen_again_on is null
                then 'One more visit is missing by ' || (index_on + 300) || ', on another day than ' || later_seen_on
                || case when later_visited_on is null then ' and not virtual' else '' end
            else 'One more visit that is not virtual is missing by ' || (index_on + 300)
        end as reason,
        true as is_assessable,
        case when group_id = 'Group_1' or first_visited_on is null then index_on + 1 else index_on + 31 end as due_from_on,
        case when first_visited_on is null and (group_id = 'Group_1' or index_on + 30 < {{ as_of_on() }}) then index_on + 30 else index_on + last_day end
            as close_by_on
    from followed

)

{{ measure_results(grouped=true, has_findings=true, has_window=true) }}
