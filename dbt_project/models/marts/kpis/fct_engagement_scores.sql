with

parts as (

    select * from {{ ref('int_kpis__engagement_parts') }}

),

-- Months in which the score itself is shown.
months as (

    select distinct month_on
    from {{ ref('fct_kpis') }}
    where kpi_code = 'engagement_score'

),

final as (

    select
        parts.month_on,
        parts.provider_key,
        parts.location_key,
        parts.payer_class,
        parts.patient_segment,
        count(*) as n_patients,
        sum(parts.visit_points) as visit_points,
        sum(parts.booking_points) as booking_points,
        sum(parts.portal_points) as portal_points,
        sum(parts.response_points) as response_points,
        sum(parts.visit_points + parts.booking_points + parts.portal_points + parts.response_points) as score_points
    from parts
    inner join months
        on parts.month_on = months.month_on
    group by all

)

select
    {{ contract_columns() }}
from final
