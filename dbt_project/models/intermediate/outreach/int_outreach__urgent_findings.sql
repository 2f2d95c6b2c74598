{#-
    Patients who need a clinician soon: a critical result on record, and no visit booked within `urgent_days`. Critical are HbA1c above
    9 % (CMS122); severe hypertension, 180 systolic or 120 diastolic and above (Whelton et al. 2017, ACC/AHA guideline, section 11.2); a
    positive depression screening without follow-up (CMS2). A newer result or a follow-up ends it, a visit alone does not. The newest
    twelve months count besides the calendar year, so that nothing is lost on 1 January.
-#}
with

gaps as (

    select * from {{ ref('int_measures__gaps') }}
    where measure_code in ('CMS2', 'CMS122', 'CMS165') and evidence_value is not null

),

-- The newest result of each measure in any period that reaches to today.
newest as (

    select *
    from gaps
    where period_start_on <= {{ as_of_on() }} and period_end_on >= {{ add_months(as_of_on(), -1) }}
    qualify row_number() over (
        partition by patient_key, measure_code
        order by evidence_on desc, period_end_on desc, group_id
    ) = 1

),

visits as (

    select * from {{ ref('int_patients__visits') }}

),

findings as (

    select
        newest.patient_key,
        newest.measure_code,
        newest.evidence_on,
        actions.next_action,
        case newest.measure_code
            when 'CMS122' then 'HbA1c ' || evidence_value || ' on ' || cast(newest.evidence_on as varchar)
            when 'CMS165' then 'blood pressure ' || evidence_value || ' on ' || cast(newest.evidence_on as varchar)
            else 'depression screening positive on ' || cast(newest.evidence_on as varchar) || ', no follow-up plan since'
        end as finding
    from newest
    left join {{ ref('measure_actions') }} as actions
        on newest.measure_code = actions.measure_code
        and {{ shows_finding('newest.reason', 'actions.finding') }}
    where
        newest.gap_status = 'open'
        and case newest.measure_code
            -- An open gap has a value only above 9 %.
            when 'CMS122' then true
            when 'CMS2' then evidence_value = 'positive, no follow-up plan'
            when 'CMS165'
                then coalesce(try_cast(split_part(evidence_value, '/', 1) as double) >= 180, false)
                or coalesce(try_cast(regexp_extract(evidence_value, '/([0-9.]+)', 1) as double) >= 120, false)
        end

)

select
    findings.patient_key,
    string_agg(findings.finding, '; ' order by findings.evidence_on desc, findings.finding)
    || case
        when visits.next_appointment_at is null then ', no visit booked'
        else ', no visit before ' || cast({{ practice_date('visits.next_appointment_at') }} as varchar)
    end as findings,
    arg_max(findings.measure_code, (findings.evidence_on, findings.measure_code)) as measure_code,
    arg_max(findings.next_action, (findings.evidence_on, findings.measure_code)) as next_action
from findings
left join visits
    on findings.patient_key = visits.patient_key
where coalesce({{ practice_date('visits.next_appointment_at') }} > {{ as_of_on() }} + {{ var('urgent_days') }}, true)
group by findings.patient_key, visits.next_appointment_at
