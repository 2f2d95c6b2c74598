-- The visits of int_measures__cardiac_visits on which heart failure lasts
with

visits as (

    select * from {{ ref('int_measures__cardiac_visits') }}

),

dysfunction as (

    select * from {{ ref('int_measures__systolic_dysfunction') }}

)

select
    visits.*,
    -- By the instant: an ejection fraction a minute after the visit is too late for it
    coalesce(dysfunction.found_at < visits.ended_at, false) as has_dysfunction
from visits
left join dysfunction
    on visits.patient_key = dysfunction.patient_key
where
    exists (
        select 1
        from {{ ref('int_clinical__conditions') }} as conditions
        where
            conditions.patient_key = visits.patient_key
            and conditions.value_set = 'heart_failure'
            and conditions.is_verified
            and {{ overlaps_days('conditions', 'visits.started_on', 'visits.ended_on') }}
    )
