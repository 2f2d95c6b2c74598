with

tasks as (

    select * from {{ ref('int_engagement__outreach_tasks') }}
    where reason = 'care_gap' and completed_on is not null

),

gaps as (

    select * from {{ ref('int_kpis__month_end_gaps') }}
    where is_newly_closed

),

parts as (

    select
        {{ kpi_slice('completed_on') }},
        cast(staff_minutes as decimal(12, 2)) as staff_minutes,
        0 as n_closed
    from tasks

    union all

    select
        {{ kpi_slice('period_end_on') }},
        0 as staff_minutes,
        1 as n_closed
    from gaps
    -- Closed after outreach, whoever closed it.
    where exists (
        select 1
        from tasks
        where tasks.patient_key = gaps.patient_key
            and tasks.completed_on between gaps.period_end_on - 90 and gaps.period_end_on
    )

)

select
    month_on,
    location_key,
    provider_key,
    payer_class,
    patient_segment,
    sum(staff_minutes) as numerator,
    sum(n_closed) as denominator
from parts
group by all
