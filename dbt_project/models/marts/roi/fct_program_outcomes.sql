with

outcomes as (

    select * from {{ ref('program_outcomes') }}

),

kpis as (

    select
        kpi_code as outcome_code,
        location_key,
        month_on,
        {{ exact_sum('numerator') }} as numerator,
        {{ exact_sum('denominator') }} as denominator,
        bool_and(is_mature) as is_mature
    from {{ ref('fct_kpis') }}
    where kpi_code in (select outcome_code from outcomes) and location_key is not null
    group by all

),

programs as (

    select distinct program_name from {{ ref('dim_programs') }}

),

-- A site not named in the roll-out has never joined.
rollout as (

    select
        program_name,
        location_key,
        {{ month_of('min(go_live_on)') }} as go_live_month_on
    from {{ ref('dim_programs') }}
    where location_key is not null
    group by program_name, location_key

),

final as (

    select
        programs.program_name,
        kpis.outcome_code,
        kpis.location_key,
        kpis.month_on,
        rollout.go_live_month_on,
        coalesce(kpis.month_on >= rollout.go_live_month_on, false) as is_live,
        kpis.numerator,
        kpis.denominator,
        kpis.is_mature
    from programs
    cross join kpis
    left join rollout
        on programs.program_name = rollout.program_name
        and kpis.location_key = rollout.location_key

)

select
    {{ contract_columns() }}
from final
