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
        gaps.* exclude (close_by_on),
        profiles.primary_provider_key as provider_key,
        profiles.home_location_key as location_key,
        profiles.payer_class,
        coalesce(profiles.is_deceased, false) as is_deceased,
        coalesce(actions.next_action, measures.next_action) as next_action,
        incentives.incentive_usd,
        -- The vaccines of early childhood count up to the second birthday
        case
            when gaps.close_by_on is not null then gaps.close_by_on
            when gaps.measure_code = 'CMS117' then least(gaps.period_end_on, cast(profiles.birth_date + interval 2 year as date))
            else gaps.period_end_on
        end as close_by_on,
        coalesce(actions.is_final, false) as is_final,
        gaps.gap_status in ('open', 'not_applicable') as is_to_do,
        -- Joined by equality alone: with "is to do" as a condition of the join, DuckDB compares every gap with every appointment
        case when gaps.gap_status in ('open', 'not_applicable') then gaps.patient_key end as to_do_patient_key
    from gaps
    inner join measures
        on gaps.measure_code = measures.measure_code
    left join {{ ref('measure_actions') }} as actions
        on gaps.measure_code = actions.measure_code
        and {{ shows_finding('gaps.reason', 'actions.finding') }}
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
        worked.gap_status = 'open' and not worked.is_final and worked.close_by_on >= {{ as_of_on() }} as is_closable,
        is_closable
        and worked.has_qualifying_visit
        and not worked.is_due_later
        and not worked.is_deceased
        and orders.patient_key is null
        and appointments.patient_key is null as is_actionable_today
    from worked
    inner join measures
        on worked.measure_code = measures.measure_code
    -- An order from before the last completion has been carried out
    left join orders
        on worked.to_do_patient_key = orders.patient_key
        and worked.measure_code = orders.measure_code
        and orders.ordered_on > coalesce(worked.evidence_on, date '1000-01-01')
    left join appointments
        on worked.to_do_patient_key = appointments.patient_key
        and measures.closes_at = appointments.closes_at
        and appointments.starts_on <= worked.close_by_on

),

worded as (

    select
        *,
        case
            when is_deceased then '; the patient has died'
            else
                coalesce('; due ' || case when is_due_later then 'on ' else 'since ' end || coalesce(due_on, opened_on), '')
                -- Open at the first evaluated month: the start is unknown
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

),

final as (

    select
        {{ surrogate_key(['measure_code', 'group_id', 'patient_key']) }} as care_gap_key,
        measure_code,
        group_id,
        patient_key,
        period_start_on,
        period_end_on,
        provider_key,
        location_key,
        payer_class,
        gap_status,
        opened_on,
        closed_on,
        case when opened_on is not null then greatest(coalesce(closed_on, today_on) - opened_on, 0) end as n_days_open,
        n_openings,
        evidence_on,
        evidence_value,
        case when gap_status in ('open', 'closed') then incentive_usd end as incentive_value_usd,
        is_closable,
        is_actionable_today,
        has_qualifying_visit,
        due_on,
        is_due_later,
        close_by_on,
        ordered_on is not null as has_open_order,
        ordered_on,
        next_appointment_at,
        next_appointment_provider_key,
        case gap_status
            when 'open' then plain_reason || plans
            when 'not_applicable' then plain_reason || plans
            when 'closed' then plain_reason || coalesce(' on ' || closed_on, '') || coalesce(': ' || plain_value, '')
            when 'excluded' then plain_reason || coalesce(' (' || evidence_on || ')', '')
            else plain_reason
        end as reason,
        case
            when gap_status = 'not_assessable' then 'Complete the record, or have the data delivered that is missing'
            when not is_to_do or is_deceased then null
            when close_by_on < {{ as_of_on() }} then 'Too late to be done in the period; record what was done elsewhere in time'
            when ordered_on is not null then 'Follow up the order of ' || ordered_on
            when next_appointment_on is not null then 'At the visit on ' || next_appointment_on || ': ' || next_action
            when is_due_later then 'Not before ' || due_on || ', and by ' || close_by_on || ': ' || next_action
            when not has_qualifying_visit then 'Book a visit. Then: ' || next_action
            else next_action
        end as next_action,
        measure_version
    from worded

)

select
    {{ contract_columns() }}
from final
