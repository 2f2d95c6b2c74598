with

-- From month end to month end, and from the last one to today
steps as (

    select
        measure_code,
        group_id,
        patient_key,
        month_end_on,
        opened_on,
        closed_on,
        is_newly_closed
    from {{ ref('int_gaps__months') }}
    where is_newly_opened or is_newly_closed

    union all

    select
        measure_code,
        group_id,
        patient_key,
        {{ month_end('today_on') }} as month_end_on,
        opened_on,
        closed_on,
        is_newly_closed
    from {{ ref('int_gaps__current') }}
    where (is_newly_opened or is_newly_closed) and today_on = {{ as_of_on() }}

)

select
    measure_code,
    group_id,
    patient_key,
    month_end_on,
    opened_on,
    closed_on,
    greatest(closed_on - opened_on, 0) as n_days_open,
    -- Paid once a year, and not for a gap that has opened again in it
    row_number() over (
        partition by measure_code, group_id, patient_key, year(month_end_on)
        order by month_end_on desc
    ) = 1 as is_last_of_year
from steps
qualify is_newly_closed
