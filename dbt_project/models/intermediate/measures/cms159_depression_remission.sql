-- CMS159 Depression Remission at Twelve Months (FHIR), version 1.0.000
with

patient_periods as (

    select
        *,
        cast(period_start_on - interval 14 month as date) as identified_from_on,
        cast(period_start_on - interval 2 month as date) - 1 as identified_to_on
    from {{ ref('int_measures__patient_periods') }}

),

-- A visit while depression or dysthymia was prevalent, to the instant
depression_visits as (

    select
        patient_periods.period_key,
        patient_periods.patient_key,
        encounters.lo_on_earliest as started_on,
        encounters.hi_on_latest as ended_on
    from patient_periods
    inner join {{ ref('int_clinical__encounters') }} as encounters
        on patient_periods.patient_key = encounters.patient_key
        and {{ ends_during_days('encounters', 'patient_periods.identified_from_on', 'patient_periods.identified_to_on') }}
    where
        encounters.value_set = 'contact_or_office_visit'
        and encounters.is_performed
        and exists (
            select 1
            from {{ ref('int_clinical__conditions') }} as conditions
            where
                conditions.patient_key = encounters.patient_key
                and conditions.value_set in ('major_depression_including_remission', 'dysthymia')
                and conditions.is_verified
                and conditions.lo_at_latest <= encounters.hi_at_earliest
                and conditions.hi_at_earliest >= encounters.lo_at_latest
        )

),

scores as (

    select
        patient_key,
        observation_id,
        value_integer as score,
        lo_on_earliest,
        lo_on_latest,
        hi_on_latest,
        lo_at_latest
    from {{ ref('int_clinical__observations') }}
    where value_set = 'phq_9_and_phq_9m_tools' and is_performed

),

-- The first score above 9 at such a visit, or in the seven days before it; a later or higher one does not move it
indexes as (

    select
        depression_visits.period_key,
        depression_visits.patient_key,
        scores.lo_on_earliest as index_on,
        scores.score as index_score
    from depression_visits
    inner join scores
        on depression_visits.patient_key = scores.patient_key
        and {{ during_days('scores', 'depression_visits.started_on - 7', 'depression_visits.ended_on') }}
    where scores.score > 9
    qualify row_number() over (
        partition by depression_visits.period_key, depression_visits.patient_key
        order by scores.lo_at_latest, scores.observation_id
    ) = 1

),

initial_population as (

    select
        patient_periods.period_key,
        patient_periods.patient_key,
        patient_periods.birth_on,
        patient_periods.deceased_on,
        patient_periods.identified_from_on,
        indexes.index_on,
        indexes.index_score,
        cast(indexes.index_on + interval 12 month as date) - 60 as follow_up_from_on,
        cast(indexes.index_on + interval 12 month as date) + 60 as follow_up_to_on
    from indexes
    inner join patient_periods
        on indexes.period_key = patient_periods.period_key
        and indexes.patient_key = patient_periods.patient_key
    where {{ age_on('patient_periods.birth_on', 'indexes.index_on') }} >= 12

),

denominator as (

    select * from initial_population

),

windows as (

    select
        period_key,
        patient_key,
        identified_from_on as period_start_on,
        follow_up_to_on as period_end_on
    from denominator

),

hospice_or_palliative_care as (

    {{ hospice_services(windows='windows') }}

    union all

    {{ palliative_care(windows='windows') }}

),

denominator_exclusions as (

    select
        period_key,
        patient_key,
        1 as rule,
        evidence_on,
        reason
    from hospice_or_palliative_care

    union all

    select
        period_key,
        patient_key,
        2 as rule,
        deceased_on as evidence_on,
        'Died before the end of the follow-up' as reason
    from denominator
    where deceased_on <= follow_up_to_on

    union all

    -- Even one that ended decades ago
    select
        denominator.period_key,
        denominator.patient_key,
        3 as rule,
        {{ evidence_on('conditions') }} as evidence_on,
        case conditions.value_set
            when 'bipolar_disorder' then 'Bipolar disorder'
            when 'personality_disorder_emotionally_labile' then 'Emotionally labile personality disorder'
            when 'schizophrenia_or_psychotic_disorder' then 'Schizophrenia or psychotic disorder'
            else 'Pervasive developmental disorder'
        end as reason
    from denominator
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on denominator.patient_key = conditions.patient_key
        and conditions.lo_on_latest <= denominator.follow_up_to_on
    where
        conditions.is_verified
        and conditions.value_set in (
            'bipolar_disorder',
            'personality_disorder_emotionally_labile',
            'schizophrenia_or_psychotic_disorder',
            'pervasive_developmental_disorder'
        )

),

-- The last one of the follow-up decides, with a score or without
last_scores as (

    select
        denominator.period_key,
        denominator.patient_key,
        scores.score,
        scores.lo_on_latest as scored_on
    from denominator
    inner join scores
        on denominator.patient_key = scores.patient_key
        and {{ starts_during_days('scores', 'denominator.follow_up_from_on', 'denominator.follow_up_to_on') }}
    qualify row_number() over (
        partition by denominator.period_key, denominator.patient_key
        order by scores.lo_at_latest desc, scores.observation_id desc
    ) = 1

),

numerator as (

    select
        period_key,
        patient_key,
        scored_on as evidence_on,
        'PHQ-9 score ' || score as evidence_value
    from last_scores
    where score < 5

),

findings as (

    select
        denominator.period_key,
        denominator.patient_key,
        coalesce(last_scores.scored_on, denominator.index_on) as evidence_on,
        'PHQ-9 score ' || case when last_scores.scored_on is null then denominator.index_score else last_scores.score end as evidence_value,
        case
            when last_scores.scored_on is null
                then 'PHQ-9 score ' || denominator.index_score || ' on ' || denominator.index_on || '; none from '
                    || denominator.follow_up_from_on || ' to ' || denominator.follow_up_to_on
            when last_scores.score is null then 'PHQ-9 of ' || last_scores.scored_on || ' has no score'
            else 'Not in remission: PHQ-9 score ' || last_scores.score || ' on ' || last_scores.scored_on || ', to be repeated by '
                || denominator.follow_up_to_on
        end as reason,
        true as is_assessable,
        denominator.follow_up_from_on as due_from_on,
        denominator.follow_up_to_on as close_by_on
    from denominator
    left join last_scores
        on denominator.period_key = last_scores.period_key
        and denominator.patient_key = last_scores.patient_key
    where last_scores.score is null or last_scores.score >= 5

)

-- Its strata are by the age at the first score, not at the start or the end of the period
select
    results.*,
    case when {{ age_on('denominator.birth_on', 'denominator.index_on') }} < 18 then 1 else 2 end as own_stratum
from (
    {{ measure_results(has_findings=true, has_window=true) | indent(4) }}
) as results
inner join denominator
    on results.period_key = denominator.period_key
    and results.patient_key = denominator.patient_key
