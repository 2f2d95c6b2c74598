with

returns as (

    select * from {{ source('ml', 'program_returns') }}

),

effects as (

    select
        program_name,
        count(*) as n_effects,
        count(*) filter (where is_significant) as n_significant,
        string_agg(case when is_significant then outcome_name end, ', ' order by outcome_name) as significant_names
    from {{ ref('fct_program_effects') }}
    where is_chosen and is_causal
    group by program_name

),

outcomes as (

    select distinct
        outcome_code,
        outcome_name
    from {{ ref('fct_program_effects') }}

),

-- What moves the value most says what to do next.
widest as (

    select
        sensitivity.program_name,
        sensitivity.scenario,
        sensitivity.source,
        coalesce(outcomes.outcome_name, replace(sensitivity.assumption, '_', ' ')) as varied,
        least(sensitivity.npv_low_usd, sensitivity.npv_high_usd) as least_usd,
        greatest(sensitivity.npv_low_usd, sensitivity.npv_high_usd) as most_usd
    from {{ ref('fct_program_sensitivity') }} as sensitivity
    left join outcomes
        on sensitivity.assumption = 'effect:' || outcomes.outcome_code
    where sensitivity.swing_rank = 1

),

final as (

    select
        returns.*,
        case
            when returns.npv_p5_usd > 0 then 'The program pays for itself: '
            when returns.npv_p95_usd < 0 then 'The program does not pay for itself: '
            else 'Whether the program pays for itself cannot be told: '
        end
        || {{ said_usd('returns.npv_p50_usd') }} || ' (' || {{ said_usd('returns.npv_p5_usd') }} || ' to ' || {{ said_usd('returns.npv_p95_usd') }}
        || ') over ' || returns.horizon_months || ' months'
        || case
            when returns.observed_months < returns.horizon_months
                then ', ' || (returns.horizon_months - returns.observed_months) || ' of them projected'
            else ''
        end
        || '. '
        || case
            when effects.n_effects is null then 'No design gave a causal effect.'
            when effects.n_significant = 0 then 'No effect can be told from chance.'
            else 'Told from chance: ' || effects.n_significant || ' of ' || effects.n_effects || ' effects, ' || effects.significant_names || '.'
        end
        || coalesce(' Next: ' || case
            when returns.npv_p95_usd < 0 then 'stop it, or renegotiate its price'
            when widest.source = 'assumed' then 'put the practice’s own ' || widest.varied || ' in place of the assumption'
            when widest.source = 'measured' then 'go on measuring ' || widest.varied
            else 'measure the effect on ' || widest.varied || ' at more sites or for more months'
        end || '. The value depends most on ' || case widest.source when 'effect' then 'the effect on ' else 'the ' end || widest.varied
        || ': from ' || {{ said_usd('widest.least_usd') }} || ' to ' || {{ said_usd('widest.most_usd') }} || '.', '')
        as statement,
        {{ as_of_on() }} as data_cut_on
    from returns
    left join effects
        on returns.program_name = effects.program_name
    left join widest
        on returns.program_name = widest.program_name
        and returns.scenario = widest.scenario

)

select
    {{ contract_columns() }}
from final
