{#-
    Every match between two groups, in both directions, with the strongest of their pairs; none if a steward keeps them apart. `is_sure` is
    false for pairs that are only alike, which is not enough for a chart.
-#}
with pairs as (

    select * from {{ ref('int_identity__verdicts') }}
    where verdict in ('match', 'alike', 'separate')

),

groups as (

    select * from {{ ref('int_identity__groups') }}

)

select
    one.group_key as one_key,
    other.group_key as other_key,
    one.has_chart as one_has_chart,
    other.has_chart as other_has_chart,
    bool_or(pairs.verdict = 'match') as is_sure,
    max(pairs.weight) as weight,
    max(pairs.confidence) as confidence,
    arg_max(pairs.link_rule, (pairs.weight, pairs.link_rule)) as link_rule
from pairs
inner join groups as one on pairs.one_key = one.record_key
inner join groups as other on pairs.other_key = other.record_key
where one.group_key <> other.group_key
group by 1, 2, 3, 4
having not bool_or(pairs.verdict = 'separate')
