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
    parts.month_on,
    parts.location_key,
    parts.provider_key,
    parts.payer_class,
    parts.patient_segment,
    parts.visit_points + parts.booking_points + parts.portal_points + parts.response_points as numerator,
    parts.n_patients as denominator
from parts
where parts.month_on >= (select month_on from first_month)
