with

parts as (

    select * from {{ ref('int_kpis__engagement_parts') }}

),

-- Months in which the score itself is shown.
months as (

    select distinct month_on
    from {{ ref('fct_kpis') }}
    where kpi_code = 'engagement_score'

)

select
    parts.month_on,
    cast(parts.provider_key as bigint) as provider_key,
    cast(parts.location_key as bigint) as location_key,
    cast(parts.payer_class as varchar) as payer_class,
    cast(parts.patient_segment as varchar) as patient_segment,
    cast(parts.n_patients as integer) as n_patients,
    cast(parts.visit_points as double) as visit_points,
    cast(parts.booking_points as double) as booking_points,
    cast(parts.portal_points as double) as portal_points,
    cast(parts.response_points as double) as response_points,
    cast(parts.visit_points + parts.booking_points + parts.portal_points + parts.response_points as double) as score_points
from parts
inner join months
    on parts.month_on = months.month_on
