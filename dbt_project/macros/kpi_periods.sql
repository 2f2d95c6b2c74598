{#-
    The parts of `fct_kpi_periods`. Each is a query over the relations that it is given by name.
-#}

{#- One row per length of period (`kpi_period_months`) × last month, where that month is over: the months of the period, of the one before
    it and of the same one a year before. -#}
{% macro kpi_period_spans() %}
    {% for n_months in var('kpi_period_months') %}
    select
        {{ n_months }} as n_months,
        {{ add_months('month_on', 1 - n_months) }} as first_month_on,
        month_on as last_month_on,
        {{ add_months('month_on', 1 - 2 * n_months) }} as before_first_month_on,
        {{ add_months('month_on', -n_months) }} as before_last_month_on,
        {{ add_months('month_on', -11 - n_months) }} as year_before_first_month_on,
        {{ add_months('month_on', -12) }} as year_before_last_month_on
    from ({{ month_spine() }}) as months
    where {{ month_end('month_on') }} < {{ as_of_on() }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
{% endmacro %}

{#- One row per KPI × slice × period that has a mature month, with the sums of its mature months. What happened adds up. How it stood does
    not: the same cases stand at each month's end, so a period is the mean of its month ends. -#}
{% macro kpi_period_sums(kpis, kpi_slices, spans) %}
    {% set n_points = "case kpis.time_basis when 'month_end' then count(*) else 1 end" %}
    select
        kpi_slices.kpi_code,
        kpi_slices.slice_type,
        kpi_slices.slice_key,
        span_months.n_months,
        span_months.last_month_on,
        count(*) as n_counted_months,
        {{ exact_sum('kpi_slices.numerator') }} / {{ n_points }} as numerator,
        {{ exact_sum('kpi_slices.denominator') }} / {{ n_points }} as denominator,
        sum(kpi_slices.n_records) / {{ n_points }} as n_records,
        {{ exact_sum('kpi_slices.numerator') }} / nullif({{ exact_sum('kpi_slices.denominator') }}, 0) as value
    from {{ kpi_slices }} as kpi_slices
    inner join {{ kpis }} as kpis
        on kpi_slices.kpi_code = kpis.kpi_code
    inner join (
        select
            spans.n_months,
            spans.last_month_on,
            months.month_on
        from {{ spans }} as spans
        inner join ({{ month_spine() }}) as months
            on months.month_on between spans.first_month_on and spans.last_month_on
    ) as span_months
        on kpi_slices.month_on = span_months.month_on
    where kpi_slices.is_mature
    group by
        kpi_slices.kpi_code, kpi_slices.slice_type, kpi_slices.slice_key, span_months.n_months, span_months.last_month_on, kpis.time_basis
{% endmacro %}

{#- One row per KPI × site × month of its baseline: what the site has in it, as known today. -#}
{% macro kpi_baseline_months(baselines, records, kpi_slices) %}
    select
        baselines.kpi_code,
        baselines.location_key,
        months.month_on,
        kpi_slices.numerator,
        kpi_slices.denominator,
        kpi_slices.n_records
    from {{ baselines }} as baselines
    inner join {{ records }} as records
        on baselines.kpi_code = records.kpi_code
    inner join ({{ month_spine() }}) as months
        on months.month_on between greatest(baselines.first_month_on, records.starts_on) and baselines.last_month_on
    left join {{ kpi_slices }} as kpi_slices
        on baselines.kpi_code = kpi_slices.kpi_code
        and months.month_on = kpi_slices.month_on
        and kpi_slices.slice_type = 'location'
        and cast(baselines.location_key as varchar) = kpi_slices.slice_key
{% endmacro %}

{#- One row per KPI × period × slice, of the practice and each site: the baseline against the period over the same sites. A site with a
    numerator alone is one of them (collections, and no patient lost). -#}
{% macro kpi_like_for_like(site_baselines, sums) %}
    {% for slice_type, slice_key in [('all', "'all'"), ('location', 'site_baselines.slice_key')] %}
    select
        site_baselines.kpi_code,
        site_baselines.n_months,
        site_baselines.last_month_on,
        '{{ slice_type }}' as slice_type,
        {{ slice_key }} as slice_key,
        count(*) as n_sites,
        bool_or(site_baselines.is_restated) as is_restated,
        {{ exact_sum('site_baselines.numerator') }} / nullif({{ exact_sum('site_baselines.denominator') }}, 0) as baseline_value,
        {{ exact_sum('sums.numerator') }} / nullif({{ exact_sum('sums.denominator') }}, 0) as like_for_like_value,
        -- What the two rest on.
        {{ exact_sum('site_baselines.numerator / site_baselines.n_points') }} as baseline_numerator,
        {{ exact_sum('site_baselines.denominator / site_baselines.n_points') }} as baseline_denominator,
        sum(site_baselines.n_records) as baseline_n_records,
        {{ exact_sum('sums.numerator') }} as like_for_like_numerator,
        {{ exact_sum('sums.denominator') }} as like_for_like_denominator,
        sum(sums.n_records) as like_for_like_n_records
    from {{ site_baselines }} as site_baselines
    inner join {{ sums }} as sums
        on site_baselines.kpi_code = sums.kpi_code
        and site_baselines.n_months = sums.n_months
        and site_baselines.last_month_on = sums.last_month_on
        and site_baselines.slice_key = sums.slice_key
    where sums.slice_type = 'location'
        and (site_baselines.numerator <> 0 or site_baselines.denominator <> 0)
        and (sums.numerator <> 0 or sums.denominator <> 0)
    group by
        site_baselines.kpi_code, site_baselines.n_months, site_baselines.last_month_on
        {{- ', site_baselines.slice_key' if slice_type == 'location' }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
{% endmacro %}
