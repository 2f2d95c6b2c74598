with

effects as (

    select * from {{ source('ml', 'program_effects') }}

),

outcomes as (

    select * from {{ ref('program_outcomes') }}

),

named as (

    select
        effects.*,
        coalesce(kpis.kpi_name, 'Visit within 90 days of joining a campaign') as outcome_name,
        coalesce(kpis.unit, 'share') as unit,
        coalesce(kpis.direction, 'higher') as direction,
        outcomes.benefit_category,
        -- A share changes by percentage points.
        case when coalesce(kpis.unit, 'share') = 'share' then 100 else 1 end as scale,
        case coalesce(kpis.unit, 'share') when 'share' then 'percentage points' when 'usd' then 'US dollars' else kpis.unit end as unit_in_words,
        coalesce(effects.is_causal and (effects.interval_low > 0 or effects.interval_high < 0), false) as is_significant
    from effects
    left join {{ ref('dim_kpis') }} as kpis
        on effects.outcome_code = kpis.kpi_code
    left join outcomes
        on effects.outcome_code = outcomes.outcome_code

),

final as (

    select
        *,
        'Trend before: ' || replace(pre_trend_verdict, '_', ' ') || ' (' || pre_trend_note || '). '
        || 'Placebo: ' || replace(placebo_verdict, '_', ' ') || ' (' || placebo_note || '). '
        || 'Overlap: ' || replace(overlap_verdict, '_', ' ') || ' (' || overlap_note || ').' as assumptions,
        case
            when estimate is null then 'No number: ' || refused_reason || '.'
            when not is_causal
                then outcome_name || ' changed by ' || {{ signed('estimate') }} || ' ' || unit_in_words || ' from before joining to after. '
                || 'Not a cause: ' || refused_reason || '.'
            when is_significant
                then outcome_name || ' changed by ' || {{ signed('estimate') }} || ' ' || unit_in_words || ' because of the program (95 % interval '
                || {{ signed('interval_low') }} || ' to ' || {{ signed('interval_high') }} || '). Grade ' || grade || '.'
            else 'No effect on ' || outcome_name || ' can be distinguished from chance: ' || {{ signed('estimate') }} || ' ' || unit_in_words
                || ' (95 % interval ' || {{ signed('interval_low') }} || ' to ' || {{ signed('interval_high') }} || '). Grade ' || grade || '.'
        end as statement,
        {{ as_of_on() }} as data_cut_on
    from named

)

select
    {{ contract_columns() }}
from final
