{#- One slice dimension a pass: the column of `fct_kpis`, and how its members are called. -#}
{%- set slice_types = {
    'all': ("'all'", "'Whole practice'"),
    'location': ('cast(kpis.location_key as varchar)', 'coalesce(locations.location_name, locations.location_id)'),
    'provider': ('cast(kpis.provider_key as varchar)', 'providers.provider_name'),
    'payer_class': ('kpis.payer_class', "replace(kpis.payer_class, '_', '-')"),
    'patient_segment': ('kpis.patient_segment', "replace(kpis.patient_segment, '_', ', ')"),
} -%}

with

kpis as (

    select * from {{ ref('fct_kpis') }}

),

locations as (

    select * from {{ ref('dim_locations') }}

),

providers as (

    select * from {{ ref('dim_providers') }}

),

final as (

    {% for slice_type, (slice_key, slice_name) in slice_types.items() %}
    select
        kpis.kpi_code,
        kpis.month_on,
        '{{ slice_type }}' as slice_type,
        coalesce({{ slice_key }}, 'unknown') as slice_key,
        coalesce({{ slice_name }}, 'unknown') as slice_name,
        {{ exact_sum('kpis.numerator') }} as numerator,
        {{ exact_sum('kpis.denominator') }} as denominator,
        sum(kpis.n_records) as n_records,
        kpis.is_complete_month,
        kpis.is_mature
    from kpis
    {%- if slice_type == 'location' %}
    left join locations
        on kpis.location_key = locations.location_key
    {%- elif slice_type == 'provider' %}
    left join providers
        on kpis.provider_key = providers.provider_key
    {%- endif %}
    group by all
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    {{ contract_columns() }}
from final
