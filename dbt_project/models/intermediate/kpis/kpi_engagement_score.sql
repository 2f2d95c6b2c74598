with

parts as (

    select * from {{ ref('int_kpis__engagement_parts') }}

),

-- Before every part could be held for a year, the score would grow with the history alone.
first_month as (

    select {{ add_months('max(history_starts_on)', 11) }} as month_on
    from {{ ref('int_kpis__extract_histories') }}
    where required_extract in ('ehr:Encounter', 'crm:portal_events', 'crm:touches')

)

select
    {{ kpi_row(month_end('month_on'), record_type='patient') }},
    visit_points + booking_points + portal_points + response_points as numerator,
    1 as denominator
from parts
where month_on >= (select month_on from first_month)
