-- CMS125 Breast Cancer Screening (FHIR), version 1.0.000
with

initial_population as (

    select patient_periods.*
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    inner join {{ ref('int_measures__adult_outpatient_visits') }} as visits
        on patient_periods.period_key = visits.period_key
        and patient_periods.patient_key = visits.patient_key
    where
        patient_periods.age_at_end between 42 and 74
        and patient_periods.sex_code = '248152002'

),

denominator as (

    select * from initial_population

),

-- Mastectomy by diagnosis (starts by the end of the period) or by procedure (ended by then)
absent_breasts as (

    select
        denominator.period_key,
        denominator.patient_key,
        case conditions.value_set
            when 'unilateral_mastectomy_unspecified_laterality' then list_contains(conditions.body_site_value_sets, 'body_side_right')
            else conditions.value_set in ('status_post_right_mastectomy', 'history_of_bilateral_mastectomy')
        end as is_right,
        case conditions.value_set
            when 'unilateral_mastectomy_unspecified_laterality' then list_contains(conditions.body_site_value_sets, 'body_side_left')
            else conditions.value_set in ('status_post_left_mastectomy', 'history_of_bilateral_mastectomy')
        end as is_left,
        {{ evidence_on('conditions') }} as evidence_on
    from denominator
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on denominator.patient_key = conditions.patient_key
        and conditions.lo_at_latest < denominator.period_ends_before
    where
        conditions.is_verified
        and conditions.value_set in (
            'status_post_right_mastectomy',
            'status_post_left_mastectomy',
            'history_of_bilateral_mastectomy',
            'unilateral_mastectomy_unspecified_laterality'
        )

    union all

    select
        denominator.period_key,
        denominator.patient_key,
        procedures.value_set in ('unilateral_mastectomy_right', 'bilateral_mastectomy') as is_right,
        procedures.value_set in ('unilateral_mastectomy_left', 'bilateral_mastectomy') as is_left,
        {{ evidence_on('procedures') }} as evidence_on
    from denominator
    inner join {{ ref('int_clinical__procedures') }} as procedures
        on denominator.patient_key = procedures.patient_key
        and procedures.hi_at_latest < denominator.period_ends_before
    where
        procedures.is_performed
        and procedures.value_set in ('unilateral_mastectomy_right', 'unilateral_mastectomy_left', 'bilateral_mastectomy')

),

denominator_exclusions as (

    select
        period_key,
        patient_key,
        1 as rule,
        max(evidence_on) as evidence_on,
        'Both breasts removed' as reason
    from absent_breasts
    group by period_key, patient_key
    having bool_or(is_right) and bool_or(is_left)

    union all

    {{ shared_exclusions(2, ['hospice', 'advanced_illness_66_to_80', 'advanced_illness_81', 'nursing_home_66', 'palliative_care']) }}

),

-- From 1 October two years before the period on: 27 months
numerator as (

    select
        denominator.period_key,
        denominator.patient_key,
        {{ evidence_on('observations') }} as evidence_on,
        coalesce(observations.code_name, 'Mammogram') as evidence_value
    from denominator
    inner join {{ ref('int_clinical__observations') }} as observations
        on denominator.patient_key = observations.patient_key
        and {{ ends_during_days(
            'observations', 'cast(denominator.period_start_on - interval 15 month as date)', 'denominator.period_end_on'
        ) }}
    where observations.value_set = 'mammography' and observations.is_performed and observations.is_imaging

),

findings as (

    select
        denominator.period_key,
        denominator.patient_key,
        max({{ evidence_on('observations') }}) as evidence_on,
        cast(null as varchar) as evidence_value,
        'Last mammogram ' || max({{ evidence_on('observations') }}) || ' is too old' as reason,
        true as is_assessable
    from denominator
    inner join {{ ref('int_clinical__observations') }} as observations
        on denominator.patient_key = observations.patient_key
        and observations.hi_on_latest < denominator.period_start_on
    where observations.value_set = 'mammography' and observations.is_performed and observations.is_imaging
    group by denominator.period_key, denominator.patient_key

)

{{ measure_results(has_findings=true) }}
