with

claims as (

    select * from {{ ref('program_claims') }}

),

kpis as (

    select * from {{ ref('dim_kpis') }}

),

baselines as (

    select * from {{ ref('fct_baselines') }}
    where is_final

),

kpi_months as (

    select * from {{ ref('fct_kpi_slices') }}
    where slice_type = 'location' and is_mature

),

-- The month of go-live is neither before nor after. Of several programs at a site the first counts.
site_months as (

    select
        baselines.kpi_code,
        baselines.location_key,
        baselines.go_live_on,
        baselines.numerator / baselines.denominator as value_before,
        kpi_months.month_on,
        kpi_months.numerator,
        kpi_months.denominator
    from baselines
    inner join kpi_months
        on baselines.kpi_code = kpi_months.kpi_code
        and cast(baselines.location_key as varchar) = kpi_months.slice_key
        and kpi_months.month_on > {{ month_of('baselines.go_live_on') }}
    where baselines.denominator <> 0
    qualify dense_rank() over (
        partition by baselines.kpi_code, baselines.location_key order by baselines.go_live_on, baselines.program_key
    ) = 1

),

newest_months as (

    select *
    from site_months
    qualify row_number() over (partition by kpi_code, location_key order by month_on desc) <= 12

),

sites as (

    select
        newest_months.kpi_code,
        newest_months.location_key,
        any_value(newest_months.value_before) as value_before,
        min(newest_months.month_on) as first_month_on,
        max(newest_months.month_on) as last_month_on,
        count(*) as n_months,
        bool_and(
            {{ dbt.datediff('newest_months.go_live_on', 'newest_months.month_on', 'month') }} > kpis.lookback_months
        ) as is_wholly_after,
        sum(newest_months.numerator) as numerator,
        sum(newest_months.denominator) as denominator
    from newest_months
    inner join kpis
        on newest_months.kpi_code = kpis.kpi_code
    group by all

),

-- Every site against itself, each with the weight that it has now: a busy site's later start is no change of the KPI.
observed as (

    select
        kpi_code,
        count(*) as n_sites,
        min(first_month_on) as first_month_on,
        max(last_month_on) as last_month_on,
        min(n_months) as n_months,
        bool_and(is_wholly_after) as is_wholly_after,
        sum(value_before * denominator) / nullif(sum(denominator), 0) as value_before,
        sum(numerator) / nullif(sum(denominator), 0) as value_after
    from sites
    group by kpi_code

),

changes as (

    select
        claims.*,
        observed.* exclude (kpi_code),
        kpis.unavailable_reason,
        case
            when claims.change_type = 'absolute' then observed.value_after - observed.value_before
            else observed.value_after / nullif(observed.value_before, 0) - 1
        end as change
    from claims
    inner join kpis
        on claims.kpi_code = kpis.kpi_code
    left join observed
        on claims.kpi_code = observed.kpi_code

),

final as (

    select
        claim_code,
        claim_name,
        kpi_code,
        change_type,
        change_low as claimed_low,
        change_high as claimed_high,
        display_order,
        coalesce(n_sites, 0) as n_sites,
        first_month_on,
        last_month_on,
        n_months,
        is_wholly_after,
        value_before,
        value_after,
        change,
        case
            when change is null then null
            when change between change_low and change_high then 'within'
            when change * change_low <= 0 then 'opposite'
            when abs(change) > greatest(abs(change_low), abs(change_high)) then 'above'
            else 'below'
        end as verdict,
        case
            when change is not null then null
            when unavailable_reason is not null then unavailable_reason
            else 'No site has both a baseline from before its program and a mature month since.'
        end as not_shown_reason
    from changes

)

select
    {{ contract_columns() }}
from final
