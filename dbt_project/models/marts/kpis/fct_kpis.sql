{%- set kpi_codes = [
    'no_show_rate',
    'late_cancellation_rate',
    'patient_retention_rate',
    'new_patient_acquisition_cost',
    'revenue_per_patient',
    'net_collection_rate',
    'days_in_ar',
] -%}

with

kpis as (

    {% for kpi_code in kpi_codes %}
    select
        '{{ kpi_code }}' as kpi_code,
        month_on,
        location_key,
        provider_key,
        payer_class,
        patient_segment,
        cast(numerator as double) as numerator,
        cast(denominator as double) as denominator
    from {{ ref('kpi_' ~ kpi_code) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

months as (

    {{ month_spine() }}

),

catalog as (

    select * from {{ ref('kpi_catalog') }}

),

availability as (

    select * from {{ ref('int_kpis__availability') }}

)

select
    kpis.kpi_code,
    kpis.month_on,
    cast(kpis.provider_key as bigint) as provider_key,
    cast(kpis.location_key as bigint) as location_key,
    cast(kpis.payer_class as varchar) as payer_class,
    cast(kpis.patient_segment as varchar) as patient_segment,
    kpis.numerator,
    kpis.denominator,
    {{ month_end('kpis.month_on') }} < {{ as_of_on() }} as is_complete_month,
    {{ month_end('kpis.month_on') }} < {{ as_of_on() }}
    and cast({{ dbt.dateadd('day', 'catalog.maturity_days', month_end('kpis.month_on')) }} as date) <= {{ as_of_on() }} as is_mature
from kpis
inner join months
    on kpis.month_on = months.month_on
inner join catalog
    on kpis.kpi_code = catalog.kpi_code
inner join availability
    on kpis.kpi_code = availability.kpi_code
where availability.has_all_extracts
    and (kpis.numerator <> 0 or kpis.denominator <> 0)
