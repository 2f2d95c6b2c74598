with

months as (

    {{ month_spine() }}

),

-- How long the last visit of a month keeps the patient active: until the next month with a visit, at most.
visit_months as (

    select
        *,
        least(
            {{ add_months('month_on', var('active_months') - 1) }},
            coalesce({{ add_months(month_of('next_visit_on'), -1) }}, date '9999-12-01')
        ) as last_active_month_on
    from {{ ref('int_activity__visit_months') }}

),

persons as (

    select * from {{ ref('int_patients__demographics') }}

)

select
    visit_months.patient_key,
    months.month_on,
    visit_months.last_visit_on,
    visit_months.next_visit_on,
    {{ dbt.datediff('visit_months.month_on', 'months.month_on', 'month') }} as months_since_visit,
    visit_months.history_starts_on,
    visit_months.location_key,
    visit_months.provider_key,
    visit_months.payer_class,
    visit_months.patient_segment
from visit_months
inner join months
    on months.month_on between visit_months.month_on and visit_months.last_active_month_on
inner join persons
    on visit_months.patient_key = persons.patient_key
where {{ is_active_before(add_months('months.month_on', 1), 'persons.is_deceased', 'persons.deceased_on', 'visit_months.last_visit_on') }}
