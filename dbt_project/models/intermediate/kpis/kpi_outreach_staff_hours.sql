with

parts as (

    select
        {{ kpi_slice('completed_on') }},
        cast(staff_minutes as decimal(12, 2)) as staff_minutes,
        0 as n_patient_days
    from {{ ref('int_engagement__outreach_tasks') }}
    where completed_on is not null

    union all

    select
        {{ kpi_slice('touched_on') }},
        cast(staff_minutes as decimal(12, 2)) as staff_minutes,
        0 as n_patient_days
    from {{ ref('int_engagement__touches') }}
    where direction = 'outbound'

    union all

    select
        {{ kpi_slice('month_on') }},
        0 as staff_minutes,
        {{ dbt.datediff('month_on', 'least(' ~ add_months('month_on', 1) ~ ', ' ~ as_of_on() ~ ')', 'day') }} as n_patient_days
    from {{ ref('int_activity__patient_months') }}

)

select
    month_on,
    location_key,
    provider_key,
    payer_class,
    patient_segment,
    sum(staff_minutes) / 60.0 as numerator,
    -- Weeks of a thousand active patients: hours a week alone would not add up over sites.
    sum(n_patient_days) / 7000.0 as denominator
from parts
group by all
