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

),

final as (

    select
        catalog.kpi_code,
        catalog.kpi_name,
        catalog.domain,
        catalog.unit,
        replace(catalog.formula, 'inside the notice window', 'less than {{ var("notice_hours") }} hours before the start') as formula,
        catalog.exclusions,
        catalog.direction,
        catalog.required_extracts,
        catalog.source,
        catalog.evidence_grade,
        catalog.departs,
        catalog.benchmark_low,
        catalog.benchmark_high,
        catalog.benchmark_year,
        catalog.benchmark_source,
        coalesce(targets.target, cast(catalog.target as double)) as target,
        case
            when targets.target is not null then 'practice'
            when catalog.target in (catalog.benchmark_low, catalog.benchmark_high) then 'benchmark'
            when catalog.target is not null then 'catalog'
        end as target_source,
        catalog.typical_improvement,
        catalog.owner_role,
        catalog.maturity_days,
        catalog.scoring,
        catalog.time_basis,
        catalog.lookback_months,
        catalog.is_headline,
        catalog.display_order,
        computed.kpi_code is not null as is_available,
        case
            when not availability.has_all_extracts then 'Not delivered: ' || availability.missing_extracts || '.'
            when computed.kpi_code is null and switched_off.measures is not null
                then 'Measures are switched off, since value sets are missing: ' || switched_off.measures
                    || '. Load them with `caregap value-sets load`.'
            when computed.kpi_code is null then 'Everything was delivered, but in no complete month is there anything that it counts.'
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

)

select
    {{ contract_columns() }}
from final
