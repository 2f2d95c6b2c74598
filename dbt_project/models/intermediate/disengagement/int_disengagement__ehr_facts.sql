with

links as (

    select * from {{ ref('int_identity__patient_links') }}
    where source_record_type = 'ehr_patient'

),

visits as (

    select
        patient_key,
        'visit' as fact_type,
        cast(provider_key as varchar) as code,
        cast(null as double) as value,
        started_at as event_at,
        recorded_at,
        location_key
    from {{ ref('int_activity__encounters') }}
    where is_completed_visit

),

-- The outcome of an appointment; `value` is the number of days that it was booked ahead.
appointments as (

    select
        patient_key,
        case
            when final_status = 'completed' then 'kept_appointment'
            when final_status = 'no_show' then 'no_show'
            when cancelled_by = 'practice' then 'practice_cancellation'
            else 'patient_cancellation'
        end as fact_type,
        cast(null as varchar) as code,
        cast(lead_time_days as double) as value,
        case when final_status = 'cancelled' then coalesce(cancelled_at, recorded_at, starts_at) else starts_at end as event_at,
        recorded_at
    from {{ ref('int_activity__appointments') }}
    where final_status in ('completed', 'no_show', 'cancelled')

),

bookings as (

    select
        patient_key,
        'booking' as fact_type,
        booked_via as code,
        cast(null as double) as value,
        booked_at as event_at,
        booked_at as recorded_at
    from {{ ref('int_activity__appointments') }}

),

conditions as (

    select
        links.patient_key,
        'chronic_condition' as fact_type,
        chronic_codes.condition_name as code,
        cast(null as double) as value,
        {{ practice_midnight('coalesce(conditions.recorded_on, conditions.onset_on)') }} as event_at,
        conditions.recorded_at
    from {{ ref('stg_ehr__conditions') }} as conditions
    inner join {{ ref('int_patients__chronic_codes') }} as chronic_codes
        on conditions.codes = chronic_codes.codes
    inner join links
        on conditions.source_system = links.source_system
        and conditions.patient_id = links.source_id
    where coalesce(conditions.verification_status, 'confirmed') not in ('refuted', 'entered-in-error', 'differential')

),

coverages as (

    select
        coverages.patient_key,
        'coverage' as fact_type,
        coverages.payer_class || ' ' || coverages.payer_id as code,
        cast(null as double) as value,
        {{ practice_midnight('coverages.started_on') }} as event_at,
        recorded.recorded_at
    from {{ ref('int_patients__coverages') }} as coverages
    inner join {{ ref('stg_ehr__coverages') }} as recorded
        on coverages.source_system = recorded.source_system
        and coverages.coverage_id = recorded.coverage_id

)

select * from visits
union all by name
select * from appointments
union all by name
select * from bookings
union all by name
select * from conditions
union all by name
select * from coverages
