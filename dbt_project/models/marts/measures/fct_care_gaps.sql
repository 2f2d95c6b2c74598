with

gaps as (

    select * from {{ ref('int_gaps__current') }}

),

measures as (

    select * from {{ ref('measure_catalog') }}

),

profiles as (

    select * from {{ ref('int_patients__profile') }}

),

orders as (

    select * from {{ ref('int_gaps__orders') }}

),

appointments as (

    select * from {{ ref('int_gaps__appointments') }}

),

incentives as (

    select * from {{ ref('int_gaps__incentives') }}

),

worked as (

    select
        gaps.*,
        profiles.primary_provider_key as provider_key,
        profiles.home_location_key as location_key,
        profiles.payer_class,
        coalesce(profiles.is_deceased, false) as is_deceased,
        measures.next_action,
        incentives.incentive_usd,
        -- The vaccines of early childhood count up to the second birthday
        case
            when gaps.measure_code = 'CMS117' then least(gaps.period_end_on, cast(profiles.birth_date + interval 2 year as date))
            else gaps.period_end_on
        end as close_by_on,
        gaps.gap_status in ('open', 'not_applicable') as is_to_do,
        -- Joined by equality alone: with "is to do" as a condition of the join, DuckDB compares every gap with every appointment
        case when gaps.gap_status in ('open', 'not_applicable') then gaps.patient_key end as to_do_patient_key
    from gaps
    inner join measures
        on gaps.measure_code = measures.measure_code
    inner join profiles
        on gaps.patient_key = profiles.patient_key
    left join incentives
        on profiles.payer_class = incentives.payer_class
        and gaps.measure_code = incentives.measure_code

),

planned as (

    select
        worked.*,
        orders.ordered_on,
        appointments.starts_at as next_appointment_at,
        appointments.starts_on as next_appointment_on,
        appointments.provider_key as next_appointment_provider_key,
        appointments.provider_name,
        worked.gap_status = 'open'
        and worked.has_qualifying_visit
        and not worked.is_due_later
        and not worked.is_deceased
        and worked.close_by_on >= {{ as_of_on() }}
        and orders.patient_key is null
        and appointments.patient_key is null as is_actionable_today
    from worked
    inner join measures
        on worked.measure_code = measures.measure_code
    -- An order from before the gap was done last has been carried out
    left join orders
        on worked.to_do_patient_key = orders.patient_key
        and worked.measure_code = orders.measure_code
        and orders.ordered_on > coalesce(worked.evidence_on, date '1000-01-01')
    left join appointments
        on worked.to_do_patient_key = appointments.patient_key
        and measures.closes_at = appointments.closes_at
        and appointments.starts_on <= worked.close_by_on

),

told as (

    select
        *,
        case
            when is_deceased then '; the patient has died'
            else
                coalesce('; due ' || case when is_due_later then 'on ' else 'since ' end || coalesce(due_on, opened_on), '')
                -- Open at the first month that is evaluated: since when is not known
                || case
                    when due_on is null and opened_on <= {{ month_of(add_months(as_of_on(), -var('rolling_month_ends'))) }}
                        then ' or before'
                    else ''
                end
                || coalesce('; ordered on ' || ordered_on, '')
                || coalesce('; visit booked ' || next_appointment_on || coalesce(' with ' || provider_name, ''), '')
        end as plans,
        {{ plain_words('reason') }} as plain_reason,
        nullif({{ plain_words('evidence_value') }}, '') as plain_value
    from planned

)

select
    cast({{ surrogate_key(['measure_code', 'group_id', 'patient_key']) }} as bigint) as care_gap_key,
    cast(measure_code as varchar) as measure_code,
    cast(group_id as varchar) as group_id,
    cast(patient_key as bigint) as patient_key,
    cast(period_start_on as date) as period_start_on,
    cast(period_end_on as date) as period_end_on,
    cast(provider_key as bigint) as provider_key,
    cast(location_key as bigint) as location_key,
    cast(payer_class as varchar) as payer_class,
    cast(gap_status as varchar) as gap_status,

    cast(opened_on as date) as opened_on,
    cast(closed_on as date) as closed_on,
    cast(
        case when opened_on is not null then greatest(coalesce(closed_on, today_on) - opened_on, 0) end as integer
    ) as n_days_open,
    cast(n_openings as integer) as n_openings,
    cast(evidence_on as date) as evidence_on,
    cast(evidence_value as varchar) as evidence_value,
    cast(case when gap_status in ('open', 'closed') then incentive_usd end as decimal(14, 2)) as incentive_value_usd,

    cast(is_actionable_today as boolean) as is_actionable_today,
    cast(has_qualifying_visit as boolean) as has_qualifying_visit,
    cast(due_on as date) as due_on,
    cast(is_due_later as boolean) as is_due_later,
    cast(close_by_on as date) as close_by_on,
    cast(ordered_on is not null as boolean) as has_open_order,
    cast(ordered_on as date) as ordered_on,
    cast(next_appointment_at as timestamptz) as next_appointment_at,
    cast(next_appointment_provider_key as bigint) as next_appointment_provider_key,

    cast(
        case gap_status
            when 'open' then plain_reason || plans
            when 'not_applicable' then plain_reason || plans
            when 'closed' then plain_reason || coalesce(' on ' || closed_on, '') || coalesce(': ' || plain_value, '')
            when 'excluded' then plain_reason || coalesce(' (' || evidence_on || ')', '')
            else plain_reason
        end as varchar
    ) as reason,
    cast(
        case
            when gap_status = 'not_assessable' then 'Complete the record, or have the data delivered that is missing'
            when not is_to_do or is_deceased then null
            when close_by_on < {{ as_of_on() }} then 'Too late to be done in the period; record what was done elsewhere in time'
            when ordered_on is not null then 'Follow up the order of ' || ordered_on
            when next_appointment_on is not null then 'At the visit on ' || next_appointment_on || ': ' || next_action
            when is_due_later then 'Not before ' || due_on || ', and by ' || close_by_on || ': ' || next_action
            when not has_qualifying_visit then 'Book a visit. Then: ' || next_action
            else next_action
        end as varchar
    ) as next_action,
    cast(measure_version as varchar) as measure_version
from told
