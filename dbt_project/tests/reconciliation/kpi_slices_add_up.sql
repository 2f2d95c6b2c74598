-- Over the members of any one dimension a KPI's month adds up to the whole practice, and to `fct_kpis`.
with

totals as (

    select
        kpi_code,
        month_on,
        slice_type,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from {{ ref('fct_kpi_slices') }}
    group by all

),

expected as (

    select
        kpi_code,
        month_on,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from {{ ref('fct_kpis') }}
    group by all

)

select *
from expected
left join totals
    on expected.kpi_code = totals.kpi_code
    and expected.month_on = totals.month_on
where totals.slice_type is null
    -- Threads add floats up in any order.
    or abs(totals.numerator - expected.numerator) > 1e-6 * (1 + abs(expected.numerator))
    or abs(totals.denominator - expected.denominator) > 1e-6 * (1 + abs(expected.denominator))
