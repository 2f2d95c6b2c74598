with

appointments as (

    select * from {{ ref('int_activity__appointments') }}
    where is_due

),

reminders as (

    select
        touches.*,
        named.appointment_key
    from {{ ref('int_engagement__touches') }} as touches
    inner join {{ ref('int_activity__named_appointments') }} as named
        on {{ names_the_appointment('touches', 'named') }}
    where touches.direction = 'outbound' and touches.purpose = 'reminder'

),

reminded as (

    select
        appointments.appointment_key,
        {{ newest('reminders.channel', ['reminders.touched_at', 'reminders.touch_key']) }}
            filter (where {{ has_arrived('reminders.outcome') }}) as channel
    from appointments
    inner join reminders
        on appointments.appointment_key = reminders.appointment_key
        and appointments.starts_at > reminders.touched_at
    group by appointments.appointment_key

),

described as (

    select
        {{ month_of('appointments.starts_on') }} as month_on,
        appointments.location_key,
        {{ weekday_of('appointments.starts_on') }} as day_of_week,
        {{ practice_hour('appointments.starts_at') }} as hour_of_day,
        case
            when appointments.lead_time_days <= 0 then 'same_day'
            when appointments.lead_time_days <= 7 then '1_to_7_days'
            when appointments.lead_time_days <= 14 then '8_to_14_days'
            when appointments.lead_time_days <= 30 then '15_to_30_days'
            when appointments.lead_time_days > 30 then 'over_30_days'
            else 'unknown'
        end as lead_time_band,
        case
            when reminded.appointment_key is null then 'none'
            else coalesce(reminded.channel, 'not_reached')
        end as reminder_channel,
        appointments.final_status,
        appointments.is_late_cancellation
    from appointments
    left join reminded
        on appointments.appointment_key = reminded.appointment_key

),

matured as (

    select
        month_on,
        bool_and(is_mature) as is_mature
    from {{ ref('fct_kpis') }}
    where kpi_code = 'no_show_rate'
    group by month_on

),

final as (

    select
        described.month_on,
        described.location_key,
        described.day_of_week,
        described.hour_of_day,
        described.lead_time_band,
        described.reminder_channel,
        count(*) as n_due,
        count(*) filter (where described.final_status = 'no_show') as n_no_shows,
        count(*) filter (where described.is_late_cancellation) as n_late_cancellations,
        bool_and(coalesce(matured.is_mature, false)) as is_mature
    from described
    left join matured
        on described.month_on = matured.month_on
    group by all

)

select
    {{ contract_columns() }}
from final
