with

active_patients as (

    select * from {{ ref('int_activity__patient_months') }}
    where {{ is_known_for(12, ['crm:portal_events']) }}

),

offers as (

    select
        patient_key,
        min({{ month_of('event_on') }}) as offered_month_on
    from {{ ref('int_engagement__portal_events') }}
    group by patient_key

),

use_months as (

    select distinct
        patient_key,
        {{ month_of('event_on') }} as used_month_on
    from {{ ref('int_engagement__portal_events') }}
    where event_type not in ('offered', 'activated')

),

use_periods as (

    select
        patient_key,
        used_month_on,
        lead(used_month_on) over (partition by patient_key order by used_month_on) as next_used_month_on
    from use_months

)

select
    {{ kpi_row(month_end('active_patients.month_on'), record_type='patient', of='active_patients') }},
    case when use_periods.patient_key is not null then 1 else 0 end as numerator,
    1 as denominator
from active_patients
inner join offers
    on active_patients.patient_key = offers.patient_key
    and active_patients.month_on >= offers.offered_month_on
left join use_periods
    on active_patients.patient_key = use_periods.patient_key
    and active_patients.month_on >= use_periods.used_month_on
    and active_patients.month_on <= {{ add_months('use_periods.used_month_on', 11) }}
    and active_patients.month_on < coalesce(use_periods.next_used_month_on, date '9999-12-01')
