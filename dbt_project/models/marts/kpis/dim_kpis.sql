{#- The practice's own choice, from `[targets]` of its practice.toml. -#}
{%- set targets = var('targets') -%}

with

targets as (

    {% for kpi_code, target in targets.items() %}
    select '{{ kpi_code }}' as kpi_code, cast({{ target }} as double) as target
    {{ 'union all' }}
    {% endfor %}
    select cast(null as varchar) as kpi_code, cast(null as double) as target

),

catalog as (

    select * from {{ ref('kpi_catalog') }}

),

availability as (

    select * from {{ ref('int_kpis__availability') }}

),

switched_off as (

    select * from {{ ref('int_kpis__switched_off_measures') }}

),

computed as (

    select distinct kpi_code from {{ ref('fct_kpis') }}

)

select
    cast(catalog.kpi_code as varchar) as kpi_code,
    cast(catalog.kpi_name as varchar) as kpi_name,
    cast(catalog.domain as varchar) as domain,
    cast(catalog.unit as varchar) as unit,
    cast(catalog.formula as varchar) as formula,
    cast(catalog.exclusions as varchar) as exclusions,
    cast(catalog.direction as varchar) as direction,
    cast(catalog.required_extracts as varchar) as required_extracts,
    cast(catalog.source as varchar) as source,
    cast(catalog.evidence_grade as varchar) as evidence_grade,
    cast(catalog.benchmark_low as double) as benchmark_low,
    cast(catalog.benchmark_high as double) as benchmark_high,
    cast(catalog.benchmark_year as integer) as benchmark_year,
    cast(catalog.benchmark_source as varchar) as benchmark_source,
    coalesce(targets.target, cast(catalog.target as double)) as target,
    case
        when targets.target is not null then 'practice'
        when catalog.target in (catalog.benchmark_low, catalog.benchmark_high) then 'benchmark'
        when catalog.target is not null then 'catalog'
    end as target_source,
    cast(catalog.typical_improvement as varchar) as typical_improvement,
    cast(catalog.owner_role as varchar) as owner_role,
    cast(catalog.maturity_days as integer) as maturity_days,
    cast(catalog.time_basis as varchar) as time_basis,
    cast(catalog.lookback_months as integer) as lookback_months,
    cast(catalog.is_headline as boolean) as is_headline,
    cast(catalog.display_order as integer) as display_order,
    computed.kpi_code is not null as is_available,
    case
        when not availability.has_all_extracts then 'Not delivered: ' || availability.missing_extracts || '.'
        when computed.kpi_code is null and switched_off.measures is not null
            then 'Measures are switched off, since value sets are missing: ' || switched_off.measures
                || '. Load them with `caregap value-sets load`.'
        when computed.kpi_code is null then 'Everything was delivered, but there is no month yet for which it can be told.'
    end as unavailable_reason,
    case
        when computed.kpi_code is not null
            then 'Without the measures whose value sets are missing: ' || switched_off.measures || '.'
    end as caution
from catalog
inner join availability
    on catalog.kpi_code = availability.kpi_code
left join targets
    on catalog.kpi_code = targets.kpi_code
left join switched_off
    on catalog.kpi_code = switched_off.kpi_code
left join computed
    on catalog.kpi_code = computed.kpi_code
