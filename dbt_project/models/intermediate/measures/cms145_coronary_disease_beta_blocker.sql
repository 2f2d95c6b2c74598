{%- set keys = ['group_id', 'period_key', 'patient_key'] -%}
-- CMS145 Coronary Artery Disease: Beta-Blocker Therapy, Prior Myocardial Infarction or LVEF of 40 % or less (FHIR), version 1.0.000
with

coronary_visits as (

    select
        visits.*,
        dysfunction.patient_key is not null as has_ever_dysfunction,
        coalesce(dysfunction.found_at < visits.ended_at, false) as has_dysfunction
    from {{ ref('int_measures__cardiac_visits') }} as visits
    left join {{ ref('int_measures__systolic_dysfunction') }} as dysfunction
        on visits.patient_key = dysfunction.patient_key
    where
        exists (
            select 1
            from {{ ref('int_clinical__conditions') }} as conditions
            where
                conditions.patient_key = visits.patient_key
                and conditions.value_set = 'coronary_artery_disease_no_mi'
                and conditions.is_verified
                and {{ overlaps_days('conditions', 'visits.started_on', 'visits.ended_on') }}
        )
        or exists (
            select 1
            from {{ ref('int_clinical__procedures') }} as procedures
            where
                procedures.patient_key = visits.patient_key
                and procedures.value_set = 'cardiac_surgery'
                and procedures.is_performed
                and procedures.lo_at_latest < visits.ended_at
        )

),

initial_population as (

    select distinct
        groups.group_id,
        coronary_visits.period_key,
        coronary_visits.patient_key
    from coronary_visits
    cross join (values ('Group_1'), ('Group_2')) as groups (group_id)

),

-- Group 1: the dysfunction is known by the visit. Group 2: an infarction in the three years to the day before, and no dysfunction, ever
visits as (

    select
        'Group_1' as group_id,
        coronary_visits.*
    from coronary_visits
    where has_dysfunction

    union all

    select
        'Group_2' as group_id,
        coronary_visits.*
    from coronary_visits
    where
        not has_ever_dysfunction
        and exists (
            select 1
            from {{ ref('int_clinical__conditions') }} as conditions
            where
                conditions.patient_key = coronary_visits.patient_key
                and conditions.value_set = 'initial_myocardial_infarction'
                and conditions.is_verified
                and conditions.lo_on_earliest >= coronary_visits.started_on - interval 3 year
                and conditions.lo_on_latest < coronary_visits.started_on
        )

),

denominator as (

    select distinct
        group_id,
        period_key,
        patient_key
    from visits

),

visits_with_dysfunction as (

    select * from visits
    where group_id = 'Group_1'

),

visits_after_infarction as (

    select * from visits
    where group_id = 'Group_2'

),

-- What a pharmacy has rejected counts here
numerator as (

    {{ ordered_or_taken(
        'visits_with_dysfunction', value_sets=['beta_blocker_therapy_for_lvsd'], keys=keys, may_be_rejected=true, periods_only=true
    ) }}

    union all

    {{ ordered_or_taken(
        'visits_after_infarction', value_sets=['beta_blocker_therapy'], keys=keys, may_be_rejected=true, periods_only=true
    ) }}

),

denominator_exceptions as (

    {{ diagnosed_at(
        'visits', value_sets=['arrhythmia', 'asthma', 'bradycardia'], rule=1, keys=keys, problems_only=true,
        words="coalesce(conditions.code_name, conditions.value_set)"
    ) }}

    union all

    {{ diagnosed_at(
        'visits_with_dysfunction', value_sets=['hypotension'], rule=1, keys=keys, problems_only=true,
        words="coalesce(conditions.code_name, 'Hypotension')"
    ) }}

    union all

    {{ diagnosed_at(
        'visits_after_infarction', value_sets=['hypotension'], rule=1, keys=keys, words="coalesce(conditions.code_name, 'Hypotension')"
    ) }}

    union all

    {{ slow_pulses('visits', rule=2, keys=keys, performed_only=true) }}

    union all

    {{ allergic_at(
        'visits', value_sets=['beta_blocker_therapy_ingredient', 'beta_blocking_substance'], rule=3, keys=keys,
        verifications=['confirmed'], statuses=['active']
    ) }}

    union all

    {{ diagnosed_at(
        'visits', value_sets=['allergy_to_beta_blocker_therapy', 'intolerance_to_beta_blocker_therapy'], rule=4, keys=keys,
        is_beyond=true, problems_only=true, words="'Allergy or intolerance: ' || coalesce(conditions.code_name, 'on record')"
    ) }}

    union all

    -- The narrow set in both groups
    {{ not_to_be_given(
        'visits', value_sets=['beta_blocker_therapy_for_lvsd'], reasons=['medical_reason', 'patient_reason'], rule=5, keys=keys
    ) }}

    union all

    -- In the first group the status of a pacemaker's placement is not looked at, unless it was not done
    {{ block_without_pacemaker(
        'visits', rule=6, keys=keys, is_beyond=false, problems_only=true,
        placed="case visits.group_id when 'Group_2' then procedures.is_performed else procedures.status != 'not-done' end"
    ) }}

),

findings as (

    {{ therapy_findings(
        'visits_with_dysfunction', value_sets=['beta_blocker_therapy_for_lvsd'], drug='beta blocker', keys=keys,
        others=['beta_blocker_therapy']
    ) }}

    union all

    {{ therapy_findings('visits_after_infarction', value_sets=['beta_blocker_therapy'], drug='beta blocker', keys=keys) }}

)

{{ measure_results(grouped=true, has_exclusions=false, has_exceptions=true, has_findings=true) }}
