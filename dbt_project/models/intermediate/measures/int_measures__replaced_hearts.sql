-- Who is excluded from the measures of heart failure: a transplant before the end of a visit (to the instant), an assist device from a day before, complications of either
with

visits as (

    select
        period_key,
        patient_key,
        max(ended_at) as ended_at,
        max(ended_on) as ended_on
    from {{ ref('int_measures__heart_failure_visits') }}
    where has_dysfunction
    group by period_key, patient_key

),

-- Without an onset a complication is dated by its record
events as (

    select
        patient_key,
        value_set,
        lo_at_latest as began_at,
        lo_on_latest as began_on
    from {{ ref('int_clinical__procedures') }}
    where value_set in ('heart_transplant', 'left_ventricular_assist_device_placement') and is_performed

    union all

    select
        patient_key,
        value_set,
        cast(null as timestamptz) as began_at,
        coalesce(case when lo_on_latest > {{ unbounded_past() }} then lo_on_latest end, recorded_on) as began_on
    from {{ ref('int_clinical__conditions') }}
    where value_set in ('heart_transplant_complications', 'left_ventricular_assist_device_complications') and is_verified

)

select distinct
    visits.period_key,
    visits.patient_key,
    case when events.value_set like 'heart%' then 1 else 2 end as rule,
    events.began_on as evidence_on,
    case events.value_set
        when 'heart_transplant' then 'Heart transplant'
        when 'left_ventricular_assist_device_placement' then 'Left ventricular assist device'
        when 'heart_transplant_complications' then 'Complication of a heart transplant'
        else 'Complication of a left ventricular assist device'
    end as reason
from visits
inner join events
    on visits.patient_key = events.patient_key
    and case events.value_set
        when 'heart_transplant' then events.began_at < visits.ended_at
        when 'left_ventricular_assist_device_placement' then events.began_on < visits.ended_on
        else events.began_on <= visits.ended_on
    end
