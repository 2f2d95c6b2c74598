with

patient_months as (

    select
        *,
        {{ add_months('month_on', 1) }} as following_month_on
    from {{ ref('int_activity__patient_months') }}

),

profiles as (

    select * from {{ ref('int_patients__profile') }}

),

-- Active at the end of one month: what became of it by the end of the next.
followed as (

    select
        patient_months.*,
        patient_months.months_since_visit = {{ var('active_months') - 1 }}
        and coalesce({{ month_of('patient_months.next_visit_on') }} > patient_months.following_month_on, true) as is_lost
    from patient_months
    inner join profiles
        on patient_months.patient_key = profiles.patient_key
    where patient_months.following_month_on < {{ as_of_on() }}
        and patient_months.month_on >= {{ add_months('patient_months.history_starts_on', var('active_months') - 1) }}
        and (not profiles.is_deceased or profiles.deceased_on > {{ month_end('patient_months.following_month_on') }})

)

select
    {{ kpi_row(month_end('following_month_on'), record_type='patient') }},
    case when is_lost then 1 else 0 end as numerator,
    1 as denominator
from followed
