{#- MGMA counts the patients of a practice over twelve months. -#}
{% set seen_months = 12 %}

with

months as (

    {{ month_spine() }}

),

visit_days as (

    select * from {{ ref('int_activity__visit_days') }}

),

visit_months as (

    select
        *,
        {{ month_of('visit_on') }} as first_month_on,
        least(
            {{ add_months(month_of('visit_on'), seen_months - 1) }},
            coalesce({{ add_months(month_of('next_visit_on'), -1) }}, date '9999-12-01')
        ) as last_month_on
    from visit_days
    where next_visit_on is null or {{ month_of('next_visit_on') }} > {{ month_of('visit_on') }}

)

select
    visit_months.patient_key,
    months.month_on,
    visit_months.visit_on as last_visit_on,
    visit_months.location_key,
    visit_months.provider_key,
    visit_months.payer_class,
    visit_months.patient_segment
from visit_months
inner join months
    on months.month_on between visit_months.first_month_on and visit_months.last_month_on
-- Before the history is that long, patients who came earlier are missing.
where months.month_on >= {{ add_months('visit_months.history_starts_on', seen_months - 1) }}
