with

required_extracts as (

    select
        kpi_code,
        unnest(string_split(required_extracts, ' ')) as required_extract
    from {{ ref('kpi_catalog') }}

),

delivered_extracts as (

    select distinct split_part(source_system, ':', 1) || ':' || extract as required_extract
    from {{ ref('stg_landing__extracts') }}
    where is_delivered

),

missing_extracts as (

    select
        required_extracts.kpi_code,
        string_agg(
            split_part(required_extracts.required_extract, ':', 2) || ' (' || split_part(required_extracts.required_extract, ':', 1) || ')',
            ', ' order by required_extracts.required_extract
        ) as names
    from required_extracts
    left join delivered_extracts
        on required_extracts.required_extract = delivered_extracts.required_extract
    where delivered_extracts.required_extract is null
    group by required_extracts.kpi_code

)

select
    catalog.kpi_code,
    missing_extracts.kpi_code is null as has_all_extracts,
    missing_extracts.names as missing_extracts
from {{ ref('kpi_catalog') }} as catalog
left join missing_extracts
    on catalog.kpi_code = missing_extracts.kpi_code
