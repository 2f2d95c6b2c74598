with

programs as (

    select * from {{ ref('dim_programs') }}
    where go_live_on is not null and location_key is not null

),

locations as (

    select * from {{ ref('dim_locations') }}

),

kpis as (

    select
        kpi_code,
        scoring,
        time_basis,
        maturity_days,
        md5(formula || '|' || coalesce(exclusions, '') || '|' || maturity_days) as definition_hash
    from {{ ref('kpi_catalog') }}

),

kpi_months as (

    select
        kpi_code,
        location_key,
        month_on,
        round({{ exact_sum('numerator') }}, 4) as numerator,
        round({{ exact_sum('denominator') }}, 4) as denominator,
        sum(n_records) as n_records
    from {{ ref('fct_kpis') }}
    where is_complete_month
    group by all

),

frozen as (

    select * from {{ ref('stg_landing__published_baselines') }}

),

-- The last month whose outcomes were all in when the program began: what came in later, the program may have changed.
last_months as (

    select
        programs.program_key,
        programs.program_name,
        programs.location_key,
        programs.go_live_on,
        kpis.kpi_code,
        kpis.maturity_days,
        kpis.definition_hash,
        {{ add_months(month_of('programs.go_live_on - greatest(kpis.maturity_days, 1) + 1'), -1) }} as last_month_on
    from programs
    cross join kpis

),

periods as (

    select
        *,
        {{ add_months('last_month_on', -(var('baseline_months') - 1)) }} as first_month_on,
        {{ month_end('last_month_on') }} + greatest(maturity_days, 1) <= {{ as_of_on() }} as is_final
    from last_months

),

computed as (

    select
        periods.program_key,
        periods.program_name,
        periods.location_key,
        periods.kpi_code,
        periods.go_live_on,
        periods.first_month_on,
        periods.last_month_on,
        periods.definition_hash,
        periods.is_final,
        count(*) as n_months,
        {{ exact_sum('kpi_months.numerator') }} as numerator,
        {{ exact_sum('kpi_months.denominator') }} as denominator,
        sum(kpi_months.n_records) as n_records,
        md5(string_agg(
            kpi_months.month_on || ' ' || kpi_months.numerator || ' ' || kpi_months.denominator, ', ' order by kpi_months.month_on
        )) as data_hash
    from periods
    inner join kpi_months
        on periods.kpi_code = kpi_months.kpi_code
        and periods.location_key = kpi_months.location_key
        and kpi_months.month_on between periods.first_month_on and periods.last_month_on
    group by all

),

compared as (

    select
        coalesce(frozen.program_key, computed.program_key) as program_key,
        coalesce(frozen.kpi_code, computed.kpi_code) as kpi_code,
        frozen.program_key is not null as is_frozen,
        case
            when frozen.program_key is null then null
            when computed.program_key is not null and (computed.go_live_on is distinct from frozen.go_live_on) then 'program changed'
            when computed.definition_hash <> frozen.definition_hash then 'definition'
            when (computed.data_hash is distinct from frozen.data_hash) then 'late data'
        end as restatement_reason
    from frozen
    full join computed
        on frozen.program_key = computed.program_key
        and frozen.kpi_code = computed.kpi_code

),

kept as (

    -- What is frozen stays; where nothing is, what today's data say.
    select
        compared.program_key,
        kpis.scoring,
        kpis.time_basis,
        coalesce(frozen.program_name, computed.program_name) as program_name,
        locations.location_key,
        compared.kpi_code,
        coalesce(frozen.go_live_on, computed.go_live_on) as go_live_on,
        coalesce(frozen.first_month_on, computed.first_month_on) as first_month_on,
        coalesce(frozen.last_month_on, computed.last_month_on) as last_month_on,
        coalesce(frozen.n_months, computed.n_months) as n_months,
        coalesce(frozen.numerator, computed.numerator) as numerator,
        coalesce(frozen.denominator, computed.denominator) as denominator,
        coalesce(frozen.data_cut_on, {{ as_of_on() }}) as data_cut_on,
        coalesce(frozen.data_hash, computed.data_hash) as data_hash,
        coalesce(frozen.definition_hash, computed.definition_hash) as definition_hash,
        compared.is_frozen or computed.is_final as is_final,
        frozen.publication_id,
        frozen.published_at as frozen_at,
        computed.numerator as current_numerator,
        computed.denominator as current_denominator,
        computed.n_records,
        computed.data_hash as current_data_hash,
        compared.restatement_reason is not null as is_restated,
        compared.restatement_reason
    from compared
    inner join kpis
        on compared.kpi_code = kpis.kpi_code
    left join frozen
        on compared.program_key = frozen.program_key
        and compared.kpi_code = frozen.kpi_code
    left join computed
        on compared.program_key = computed.program_key
        and compared.kpi_code = computed.kpi_code
    left join locations
        on coalesce(frozen.location_key, computed.location_key) = locations.location_key

),

-- The cases of a `month_end` KPI are those of its month ends on average: the same stand at each.
counted as (

    select
        *,
        case time_basis when 'month_end' then numerator / n_months else numerator end as n_met,
        case time_basis when 'month_end' then denominator / n_months else denominator end as n_cases
    from kept

),

final as (

    select
        *,
        numerator / nullif(denominator, 0) as value,
        case when scoring = 'proportion' then {{ wilson_bound('n_met', 'n_cases', '-') }} end as interval_low,
        case when scoring = 'proportion' then {{ wilson_bound('n_met', 'n_cases', '+') }} end as interval_high,
        {{ kpi_is_small('n_met', 'n_cases', 'n_records') }} as is_small
    from counted

)

select
    {{ contract_columns() }}
from final
