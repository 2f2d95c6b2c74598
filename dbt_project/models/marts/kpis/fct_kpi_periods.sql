with

kpis as (

    select
        *,
        greatest(maturity_days, 1) as days_until_mature,
        {{ add_months(month_of(as_of_on() ~ ' - greatest(maturity_days, 1) + 1'), -1) }} as mature_until_on,
        case unit when 'share' then 0.001 when 'usd' then 1 else 0.1 end as last_digit
    from {{ ref('dim_kpis') }}

),

kpi_slices as (

    select * from {{ ref('fct_kpi_slices') }}

),

-- Of several programs at a site the first counts.
baselines as (

    select *
    from {{ ref('fct_baselines') }}
    where is_final and location_key is not null
    qualify row_number() over (partition by kpi_code, location_key order by go_live_on, program_key) = 1

),

spans as (
    {{ kpi_period_spans() }}
),

-- Of a KPI that has months: `starts_on` the first of its record, `newest_on` the newest that is mature.
records as (

    select
        kpi_code,
        min(month_on) as starts_on,
        max(month_on) filter (where is_mature) as newest_on
    from kpi_slices
    where slice_type = 'all'
    group by kpi_code

),

periods as (

    select
        kpis.*,
        spans.*,
        records.starts_on,
        spans.last_month_on <= kpis.mature_until_on as is_mature,
        coalesce(spans.last_month_on = records.newest_on, false) as is_newest,
        kpis.time_basis = 'events' and spans.n_months < 12 as has_season
    from kpis
    inner join records
        on kpis.kpi_code = records.kpi_code
    inner join spans
        on records.starts_on <= spans.last_month_on

),

members as (

    select
        kpi_code,
        slice_type,
        slice_key,
        max(slice_name) as slice_name
    from kpi_slices
    group by kpi_code, slice_type, slice_key

),

sums as (
    {{ kpi_period_sums('kpis', 'kpi_slices', 'spans') }}
),

baseline_months as (
    {{ kpi_baseline_months('baselines', 'records', 'kpi_slices') }}
),

-- A site counts from the month after its go-live. What happens by season is held against the same months of the baseline's year, as they are
-- known today, and against none where one of them is not on record; how it stood, and whole years, against the frozen whole.
site_baselines as (

    select
        periods.kpi_code,
        periods.n_months,
        periods.last_month_on,
        cast(baselines.location_key as varchar) as slice_key,
        any_value(baselines.is_restated) as is_restated,
        case when periods.has_season then {{ exact_sum('baseline_months.numerator') }} else any_value(baselines.numerator) end as numerator,
        case when periods.has_season then {{ exact_sum('baseline_months.denominator') }} else any_value(baselines.denominator) end as denominator,
        case periods.time_basis when 'month_end' then any_value(baselines.n_months) else 1 end as n_points,
        sum(baseline_months.n_records) as n_records
    from periods
    inner join baselines
        on periods.kpi_code = baselines.kpi_code
        and periods.first_month_on > {{ month_of('baselines.go_live_on') }}
    left join baseline_months
        on baselines.kpi_code = baseline_months.kpi_code
        and baselines.location_key = baseline_months.location_key
        and (extract(month from baseline_months.month_on) - extract(month from periods.first_month_on) + 12) % 12 < periods.n_months
    group by
        periods.kpi_code, periods.n_months, periods.last_month_on, periods.time_basis, periods.has_season, baselines.location_key
    having periods.time_basis = 'month_end' or count(baseline_months.month_on) = least(periods.n_months, 12)

),

like_for_like as (
    {{ kpi_like_for_like('site_baselines', 'sums') }}
),

compared as (

    select
        periods.*,
        members.slice_type,
        members.slice_key,
        members.slice_name,
        sums.n_counted_months,
        sums.numerator,
        sums.denominator,
        sums.n_records,
        sums.value,
        case when periods.is_mature then sums.value end as mature_value,
        case
            when periods.before_last_month_on <= periods.mature_until_on and periods.starts_on <= periods.before_first_month_on
                then before.value
        end as before_value,
        before.numerator as before_numerator,
        before.denominator as before_denominator,
        before.n_records as before_n_records,
        year_before.numerator as year_before_numerator,
        year_before.denominator as year_before_denominator,
        year_before.n_records as year_before_n_records,
        case
            when periods.year_before_last_month_on <= periods.mature_until_on
                and periods.starts_on <= periods.year_before_first_month_on
                then year_before.value
        end as year_before_value,
        like_for_like.n_sites,
        like_for_like.is_restated,
        case when periods.is_mature then like_for_like.like_for_like_numerator end as like_for_like_numerator,
        case when periods.is_mature then like_for_like.like_for_like_denominator end as like_for_like_denominator,
        case when periods.is_mature then like_for_like.like_for_like_value end as like_for_like_value,
        like_for_like.baseline_value,
        like_for_like.baseline_numerator,
        like_for_like.baseline_denominator,
        like_for_like.baseline_n_records,
        like_for_like.like_for_like_n_records
    from periods
    inner join members
        on periods.kpi_code = members.kpi_code
        and (members.slice_type in ('all', 'location') or periods.is_newest)
    {% for name, last_month_on in [
        ('sums', 'last_month_on'), ('before', 'before_last_month_on'), ('year_before', 'year_before_last_month_on')
    ] %}
    left join sums{{ ' as ' ~ name if name != 'sums' }}
        on periods.kpi_code = {{ name }}.kpi_code
        and periods.n_months = {{ name }}.n_months
        and periods.{{ last_month_on }} = {{ name }}.last_month_on
        and members.slice_type = {{ name }}.slice_type
        and members.slice_key = {{ name }}.slice_key
    {% endfor %}
    left join like_for_like
        on periods.kpi_code = like_for_like.kpi_code
        and periods.n_months = like_for_like.n_months
        and periods.last_month_on = like_for_like.last_month_on
        and members.slice_type = like_for_like.slice_type
        and members.slice_key = like_for_like.slice_key

),

final as (

    select
        kpi_code,
        n_months,
        first_month_on,
        last_month_on,
        slice_type,
        slice_key,
        slice_name,
        is_newest,
        is_mature,
        greatest(n_months - greatest({{ dbt.datediff('mature_until_on', 'last_month_on', 'month') }}, 0), 0) as n_mature_months,
        {{ dbt.dateadd('day', 'days_until_mature', month_end('last_month_on')) }} as mature_on,
        coalesce(n_counted_months, 0) as n_counted_months,
        numerator,
        denominator,
        n_records,
        value,
        case when scoring = 'proportion' then {{ wilson_bound('numerator', 'denominator', '-') }} end as interval_low,
        case when scoring = 'proportion' then {{ wilson_bound('numerator', 'denominator', '+') }} end as interval_high,
        {{ kpi_is_small('numerator', 'denominator', 'n_records') }} as is_small,
        before_value,
        mature_value - before_value as before_change,
        {{ kpi_change_status('mature_value', 'before_value') }} as before_status,
        before_value is not null and {{ kpi_is_small('before_numerator', 'before_denominator', 'before_n_records') }} as is_before_small,
        year_before_value,
        mature_value - year_before_value as year_before_change,
        {{ kpi_change_status('mature_value', 'year_before_value') }} as year_before_status,
        year_before_value is not null
        and {{ kpi_is_small('year_before_numerator', 'year_before_denominator', 'year_before_n_records') }} as is_year_before_small,
        baseline_value,
        like_for_like_numerator,
        like_for_like_denominator,
        like_for_like_value,
        like_for_like_value - baseline_value as baseline_change,
        {{ kpi_change_status('like_for_like_value', 'baseline_value') }} as baseline_status,
        coalesce(n_sites, 0) as n_baseline_sites,
        {{ kpi_is_small('baseline_numerator', 'baseline_denominator', 'baseline_n_records') }}
        or {{ kpi_is_small('like_for_like_numerator', 'like_for_like_denominator', 'like_for_like_n_records') }} as is_baseline_small,
        coalesce(is_restated, false) as is_baseline_restated,
        target,
        {{ kpi_target_status('mature_value', 'target') }} as target_status,
        benchmark_low,
        benchmark_high
    from compared

)

select
    {{ contract_columns() }}
from final
