with

kpis as (

    select
        kpi_code,
        {{ month_of('day_on') }} as month_on,
        location_key,
        provider_key,
        payer_class,
        patient_segment,
        cast(sum(numerator) as double) as numerator,
        cast(sum(denominator) as double) as denominator,
        count(*) filter (where numerator <> 0) as n_records,
        bool_or(numerator <> 0 and record_type in ('balance', 'spend')) as adds_up_sums
    from {{ ref('int_kpis__counted') }}
    group by all

),

-- A balance and a bill are sums themselves: how many cases are behind what adds them up is not known.
countable as (

    select kpi_code
    from kpis
    group by kpi_code
    having not bool_or(adds_up_sums)

),

months as (

    {{ month_spine() }}

),

catalog as (

    select * from {{ ref('kpi_catalog') }}

),

availability as (

    select * from {{ ref('int_kpis__availability') }}

),

final as (

    select
        kpis.kpi_code,
        kpis.month_on,
        kpis.provider_key,
        kpis.location_key,
        kpis.payer_class,
        kpis.patient_segment,
        kpis.numerator,
        kpis.denominator,
        case when countable.kpi_code is not null then kpis.n_records end as n_records,
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
    left join countable
        on kpis.kpi_code = countable.kpi_code
    where availability.has_all_extracts
        and (kpis.month_on >= availability.history_starts_on or availability.history_starts_on is null)
        and (kpis.numerator <> 0 or kpis.denominator <> 0)

)

select
    {{ contract_columns() }}
from final
