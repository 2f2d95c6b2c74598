{{ config(materialized="table") }}

with

catalog as (

    select * from {{ ref('kpi_catalog') }}

),

required_extracts as (

    select
        kpi_code,
        unnest(string_split(required_extracts, ' ')) as required_extract
    from catalog

),

delivered_extracts as (

    select distinct split_part(source_system, ':', 1) || ':' || extract as required_extract
    from {{ ref('stg_landing__extracts') }}
    where is_delivered

),

histories as (

    select * from {{ ref('int_kpis__extract_histories') }}

)

-- Before the youngest of its extracts begins, a KPI would count what is missing as nothing.
select
    required_extracts.kpi_code,
    bool_and(delivered_extracts.required_extract is not null) as has_all_extracts,
    string_agg(
        split_part(required_extracts.required_extract, ':', 2) || ' (' || split_part(required_extracts.required_extract, ':', 1) || ')',
        ', ' order by required_extracts.required_extract
    ) filter (where delivered_extracts.required_extract is null) as missing_extracts,
    max(histories.history_starts_on) as history_starts_on
from required_extracts
left join delivered_extracts
    on required_extracts.required_extract = delivered_extracts.required_extract
left join histories
    on required_extracts.required_extract = histories.required_extract
group by required_extracts.kpi_code
