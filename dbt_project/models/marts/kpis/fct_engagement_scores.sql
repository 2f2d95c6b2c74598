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
        parts.n_patients,
        parts.visit_points,
        parts.booking_points,
        parts.portal_points,
        parts.response_points,
        parts.visit_points + parts.booking_points + parts.portal_points + parts.response_points as score_points
    from parts
    inner join months
        on parts.month_on = months.month_on

)

select
    {{ contract_columns() }}
from final
