{#- The end of a unit's scale; nothing can pass it, and nothing fall below zero. -#}
{%- set scale_ends = {'share': 1, 'points': 100} -%}

with

claims as (

    select * from {{ ref('program_claims') }}

),

kpis as (

    select * from {{ ref('dim_kpis') }}

),

programs as (

    select distinct program_name from {{ ref('dim_programs') }}

),

-- The figures that every page shows: the newest mature quarter, and the baseline of its sites.
quarters as (

    select * from {{ ref('fct_kpi_periods') }}
    where is_newest and n_months = 3 and slice_type = 'all'

),

effects as (

    select * from {{ ref('fct_program_effects') }}
    where is_chosen

),

benefits as (

    select
        program_name,
        category as benefit_category,
        {{ exact_sum('amount_mean_usd') }} as benefit_usd,
        bool_or(is_significant) as is_benefit_significant
    from {{ ref('fct_program_value') }}
    where scenario = 'base' and kind = 'benefit'
    group by program_name, category

),

joined as (

    select
        programs.program_name,
        claims.claim_code,
        claims.claim_name,
        claims.kpi_code,
        kpis.kpi_name,
        kpis.unit,
        kpis.unavailable_reason,
        claims.display_order,
        quarters.baseline_value,
        quarters.like_for_like_value,
        coalesce(quarters.n_baseline_sites, 0) as n_baseline_sites,
        quarters.value,
        quarters.numerator,
        quarters.denominator,
        kpis.scoring,
        coalesce(quarters.is_small, false) as is_small,
        quarters.first_month_on,
        quarters.last_month_on,
        kpis.target,
        kpis.benchmark_low,
        kpis.benchmark_high,
        claims.typical_range,
        claims.change_type,
        claims.change_low as claimed_low,
        claims.change_high as claimed_high,
        claims.claim_source,
        effects.design,
        effects.grade,
        effects.refused_reason,
        coalesce(effects.is_causal, false) as is_causal,
        coalesce(effects.is_significant, false) as is_significant,
        -- An estimate compares all months with those before joining, so a share of it is of that value, not of a quarter's baseline.
        case claims.change_type when 'relative' then nullif(effects.value_before, 0) end as effect_base,
        case claims.change_type when 'relative' then nullif(effects.value_before, 0) else 1 end as effect_unit,
        effects.estimate,
        effects.interval_low,
        effects.interval_high,
        claims.benefit_category,
        benefits.benefit_usd,
        benefits.is_benefit_significant,
        -- Of a range the end that asks for least.
        case when abs(claims.change_low) < abs(claims.change_high) then claims.change_low else claims.change_high end as least_change,
        coalesce(quarters.baseline_value, quarters.value) as starts_from,
        case kpis.unit {% for unit, end in scale_ends.items() %}when '{{ unit }}' then {{ end }} {% endfor %}end as scale_end
    from claims
    inner join kpis
        on claims.kpi_code = kpis.kpi_code
    left join programs
        on true
    left join quarters
        on claims.kpi_code = quarters.kpi_code
    left join effects
        on programs.program_name = effects.program_name
        and claims.kpi_code = effects.outcome_code
    left join benefits
        on programs.program_name = benefits.program_name
        and claims.benefit_category = benefits.benefit_category

),

compared as (

    select
        *,
        case change_type
            when 'absolute' then like_for_like_value - baseline_value
            else like_for_like_value / nullif(baseline_value, 0) - 1
        end as change,
        {%- for part, name in [('estimate', 'effect'), ('interval_low', 'effect_low'), ('interval_high', 'effect_high')] %}
        -- Of what there was, no more than all can go: an estimate on few months went to −228.8 %.
        case when change_type = 'relative' and {{ part }} < -effect_unit then -1 else {{ part }} / effect_unit end as {{ name }},
        {%- endfor %}
        case change_type when 'absolute' then starts_from + least_change else starts_from * (1 + least_change) end as claimed_value
    from joined

),

judged as (

    select
        *,
        case
            when claimed_value > scale_end or claimed_value < 0 then 'out_of_reach'
            when effect is null then 'no_effect_known'
            when not is_causal then 'described_only'
            when not is_significant then 'chance'
            when effect * least_change < 0 then 'opposite'
            when effect between claimed_low and claimed_high then 'within'
            when effect_low <= claimed_high and effect_high >= claimed_low
                then case when abs(effect) > greatest(abs(claimed_low), abs(claimed_high)) then 'perhaps_above' else 'perhaps_below' end
            when abs(effect) > greatest(abs(claimed_low), abs(claimed_high)) then 'above'
            else 'below'
        end as verdict
    from compared

),

final as (

    select
        *,
        case verdict
            when 'out_of_reach'
                then 'From ' || {{ said_amount('starts_from') }} || ' the claim would lead to ' || {{ said_amount('claimed_value') }} || ' or beyond'
            when 'no_effect_known' then coalesce(unavailable_reason, refused_reason, 'No program has an estimate of its effect')
            when 'described_only' then refused_reason
            when 'chance' then 'The interval of the effect includes zero'
        end as verdict_reason
    from judged

)

select
    {{ contract_columns() }}
from final
