{%- set first, last = 'patient_periods.period_start_on', 'patient_periods.period_end_on' -%}
-- CMS153 Chlamydia Screening in Women (FHIR), version 1.0.000
with

patient_periods as (

    select * from {{ ref('int_measures__patient_periods') }}
    where
        age_at_end between 16 and 24
        and sex_code = '248152002'

),

orders as (

    select
        patient_periods.period_key,
        patient_periods.patient_key,
        requests.value_set,
        requests.lo_on_earliest as ordered_on,
        {{ during_days('requests', first, last) }} as is_in_period,
        requests.lo_at_earliest >= patient_periods.period_starts_at
        and requests.lo_at_latest < patient_periods.period_ends_before as is_surely_in_period
    from patient_periods
    inner join {{ ref('int_clinical__service_requests') }} as requests
        on patient_periods.patient_key = requests.patient_key
    where
        requests.is_active_or_completed
        and requests.is_order
        and not requests.is_not_to_be_done
        and requests.value_set in (
            'pap_test',
            'lab_tests_during_pregnancy',
            'lab_tests_for_sexually_transmitted_infections',
            'pregnancy_test',
            'diagnostic_studies_during_pregnancy',
            'xray_study'
        )

),

medication_orders as (

    select
        patient_periods.period_key,
        patient_periods.patient_key,
        requests.value_set,
        requests.lo_on_earliest as ordered_on,
        {{ during_days('requests', first, last) }} as is_in_period,
        -- Days against instants: touching the period on its outermost day is uncertain
        requests.status = 'active'
        and requests.taken_from_on < patient_periods.period_end_on
        and requests.taken_to_on > patient_periods.period_start_on as is_taken_in_period
    from patient_periods
    inner join {{ ref('int_clinical__medication_requests') }} as requests
        on patient_periods.patient_key = requests.patient_key
    where
        requests.is_active_or_completed
        and requests.is_order
        and not requests.is_not_to_be_given
        and requests.value_set in ('contraceptive_medications', 'isotretinoin')

),

-- What shows that she is sexually active; a pregnancy test alone may be there for another reason
indicators as (

    select
        patient_periods.period_key,
        patient_periods.patient_key,
        false as is_pregnancy_test
    from patient_periods
    inner join {{ ref('int_clinical__observations') }} as observations
        on patient_periods.patient_key = observations.patient_key
        and observations.hi_at_latest < patient_periods.period_ends_before
    where
        observations.value_set = 'sexually_active_answer'
        and observations.is_performed
        and list_contains(observations.value_value_sets, 'answer_yes')

    union all

    select
        patient_periods.period_key,
        patient_periods.patient_key,
        false as is_pregnancy_test
    from patient_periods
    inner join {{ ref('int_clinical__conditions') }} as conditions
        on patient_periods.patient_key = conditions.patient_key
        and {{ overlaps_instants('conditions', 'patient_periods.period_starts_at', 'patient_periods.period_ends_before') }}
    where
        conditions.is_verified
        and conditions.value_set in (
            'diagnoses_used_to_indicate_sexual_activity', 'hiv', 'complications_of_pregnancy_childbirth_and_the_puerperium'
        )

    union all

    select
        period_key,
        patient_key,
        false as is_pregnancy_test
    from medication_orders
    where value_set = 'contraceptive_medications' and (is_in_period or is_taken_in_period)

    union all

    select
        period_key,
        patient_key,
        value_set = 'pregnancy_test' as is_pregnancy_test
    from orders
    where value_set != 'xray_study' and is_in_period

    union all

    select
        patient_periods.period_key,
        patient_periods.patient_key,
        false as is_pregnancy_test
    from patient_periods
    inner join {{ ref('int_clinical__procedures') }} as procedures
        on patient_periods.patient_key = procedures.patient_key
        and {{ during_days('procedures', first, last) }}
    where procedures.value_set = 'procedures_used_to_indicate_sexual_activity' and procedures.is_performed

),

initial_population as (

    select *
    from patient_periods
    where
        {{ has_visit(value_sets=[
            'office_visit',
            'preventive_care_services_established_office_visit_18_and_up',
            'preventive_care_services_initial_office_visit_18_and_up',
            'preventive_care_services_initial_office_visit_0_to_17',
            'preventive_care_established_office_visit_0_to_17',
            'home_healthcare_services',
            'telephone_visits',
            'virtual_encounter'
        ]) }}
        and exists (
            select 1
            from indicators
            where indicators.period_key = patient_periods.period_key and indicators.patient_key = patient_periods.patient_key
        )

),

denominator as (

    select * from initial_population

),

-- X-ray or isotretinoin ordered up to six days after a pregnancy test that is the only indicator
other_reasons_for_the_test as (

    select
        tests.period_key,
        tests.patient_key,
        max(others.ordered_on) as evidence_on
    from orders as tests
    inner join (
        select period_key, patient_key, ordered_on from orders
        where value_set = 'xray_study'
        union all
        select period_key, patient_key, ordered_on from medication_orders
        where value_set = 'isotretinoin'
    ) as others
        on tests.period_key = others.period_key
        and tests.patient_key = others.patient_key
        and others.ordered_on between tests.ordered_on and tests.ordered_on + 6
    where
        tests.value_set = 'pregnancy_test'
        and tests.is_surely_in_period
        and not exists (
            select 1
            from indicators
            where
                indicators.period_key = tests.period_key
                and indicators.patient_key = tests.patient_key
                and not indicators.is_pregnancy_test
        )
    group by tests.period_key, tests.patient_key

),

denominator_exclusions as (

    {{ shared_exclusions(1, ['hospice']) }}

    union all

    select
        period_key,
        patient_key,
        2 as rule,
        evidence_on,
        'Pregnancy test only before an X-ray or isotretinoin' as reason
    from other_reasons_for_the_test

),

tests as (

    select
        denominator.period_key,
        denominator.patient_key,
        {{ latest_on('observations') }} as evidence_on,
        coalesce(observations.value_text, observations.code_name, 'Chlamydia test') as evidence_value,
        observations.has_value,
        {{ latest_during_days('observations', 'denominator.period_start_on', 'denominator.period_end_on') }} as is_in_period,
        {{ latest_on('observations') }} < denominator.period_start_on as is_before_period
    from denominator
    inner join {{ ref('int_clinical__observations') }} as observations
        on denominator.patient_key = observations.patient_key
    where observations.value_set = 'chlamydia_screening' and observations.is_performed and observations.is_laboratory

),

numerator as (

    select * from tests
    where is_in_period and has_value

),

findings as (

    select
        period_key,
        patient_key,
        max(evidence_on) as evidence_on,
        cast(null as varchar) as evidence_value,
        case
            when bool_or(is_in_period) then 'Chlamydia test of ' || max(evidence_on) || ' has no result'
            else 'Last chlamydia test ' || max(evidence_on) || ', none in the period'
        end as reason,
        true as is_assessable
    from tests
    where is_before_period or (is_in_period and not has_value)
    group by period_key, patient_key

)

{{ measure_results(has_findings=true) }}
