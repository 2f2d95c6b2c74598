{%- set first, last = 'patient_periods.period_start_on', 'patient_periods.period_end_on' -%}
-- CMS50 Closing the Referral Loop: Receipt of Specialist Report (FHIR), version 1.0.000
with

patient_periods as (

    select * from {{ ref('int_measures__patient_periods') }}

),

-- Of the referrals ordered in the first ten months the earliest alone decides
first_referrals as (

    select
        patient_periods.period_key,
        patient_periods.patient_key,
        requests.source_system,
        requests.service_request_id,
        requests.code_name,
        requests.lo_at_latest as ordered_at,
        requests.lo_on_latest as ordered_on
    from patient_periods
    inner join {{ ref('int_clinical__service_requests') }} as requests
        on patient_periods.patient_key = requests.patient_key
        and {{ during_days('requests', first, 'cast(patient_periods.period_start_on + interval 10 month as date) - 1') }}
    where
        requests.value_set = 'referral'
        and requests.is_active_or_completed
        and requests.intent = 'order'
        and not requests.is_not_to_be_done
    qualify row_number() over (
        partition by patient_periods.period_key, patient_periods.patient_key
        order by requests.lo_at_earliest, requests.service_request_id
    ) = 1

),

visits as (

    select
        patient_periods.period_key,
        patient_periods.patient_key
    from patient_periods
    inner join {{ ref('int_clinical__encounters') }} as encounters
        on patient_periods.patient_key = encounters.patient_key
        and {{ during_days('encounters', first, last) }}
    where
        encounters.is_performed
        and encounters.value_set in (
            'office_visit',
            'ophthalmological_services',
            'preventive_care_services_established_office_visit_18_and_up',
            'preventive_care_services_initial_office_visit_0_to_17',
            'preventive_care_services_initial_office_visit_18_and_up',
            'preventive_care_established_office_visit_0_to_17'
        )

    union all

    select
        patient_periods.period_key,
        patient_periods.patient_key
    from patient_periods
    inner join {{ ref('int_clinical__procedures') }} as procedures
        on patient_periods.patient_key = procedures.patient_key
        and {{ during_days('procedures', first, last) }}
    where
        procedures.is_performed
        and procedures.value_set in (
            'behavioral_or_neuropsych_assessment', 'psych_visit_diagnostic_evaluation', 'cms50_assessment'
        )

),

initial_population as (

    select
        first_referrals.*,
        patient_periods.period_start_on,
        patient_periods.period_end_on
    from first_referrals
    inner join patient_periods
        on first_referrals.period_key = patient_periods.period_key
        and first_referrals.patient_key = patient_periods.patient_key
    where
        exists (
            select 1
            from visits
            where visits.period_key = first_referrals.period_key and visits.patient_key = first_referrals.patient_key
        )

),

denominator as (

    select * from initial_population

),

-- A task may answer several requests
answers as (

    select
        *,
        unnest(request_ids) as request_id
    from {{ ref('int_clinical__tasks') }}

),

-- After the order as an instant: a report of the same day but a minute earlier answers something else
reports as (

    select
        denominator.period_key,
        denominator.patient_key,
        denominator.ordered_on,
        {{ evidence_on('tasks') }} as evidence_on,
        coalesce(tasks.reason_name, 'Consultant report') as evidence_value,
        tasks.status = 'completed'
        and tasks.is_fulfilment
        and list_contains(tasks.reason_value_sets, 'consultant_report')
        and tasks.hi_at_earliest > denominator.ordered_at
        and {{ ends_during_days('tasks', 'denominator.period_start_on', 'denominator.period_end_on') }} as is_received,
        tasks.status
    from denominator
    inner join answers as tasks
        on denominator.source_system = tasks.source_system
        and denominator.service_request_id = tasks.request_id

),

-- The earliest report is the one that closed the loop
numerator as (

    select
        period_key,
        patient_key,
        min(evidence_on) as evidence_on,
        arg_min(evidence_value, (evidence_on, evidence_value)) as evidence_value
    from reports
    where is_received
    group by period_key, patient_key

),

findings as (

    select
        denominator.period_key,
        denominator.patient_key,
        denominator.ordered_on as evidence_on,
        denominator.code_name as evidence_value,
        'Referred on ' || denominator.ordered_on || case
            when bool_or(reports.status is not null and reports.status != 'completed') then '; the report''s task is not completed'
            when count(reports.patient_key) > 0 then '; a report is linked but does not answer this referral'
            else '; no report linked to the referral'
        end as reason,
        true as is_assessable
    from denominator
    left join reports
        on denominator.period_key = reports.period_key
        and denominator.patient_key = reports.patient_key
    group by denominator.period_key, denominator.patient_key, denominator.ordered_on, denominator.code_name

)

{{ measure_results(has_exclusions=false, has_findings=true) }}
