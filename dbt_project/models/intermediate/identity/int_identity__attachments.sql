{#-
    The chart of each CRM contact or billing account: the one with the strongest match, and none if another person's chart is nearly as
    strong (`is_clear`). First those that match a chart itself; then, three times, those that match records attached before, unless the
    chart itself is another person's: an account with a record number and no name must not pass that chart on.
-#}
{%- set rounds = 3 %}
{%- set margin = 2 %}
with group_pairs as (

    select * from {{ ref('int_identity__group_pairs') }}
    where is_sure

),

chart_sets as (

    select * from {{ ref('int_identity__chart_sets') }}

),

groups as (

    select * from {{ ref('int_identity__groups') }}

),

not_theirs as (

    select distinct
        one.group_key,
        chart.group_key as chart_key
    from {{ ref('int_identity__verdicts') }} as verdicts
    inner join groups as one on verdicts.one_key = one.record_key and not one.has_chart
    inner join groups as chart on verdicts.other_key = chart.record_key and chart.has_chart
    where
        verdicts.verdict in ('different', 'separate')
        or (verdicts.verdict = 'doubtful' and verdicts.doubt not in ('name_unknown', 'birth_date_unknown', 'namesakes', 'common_name'))

),

attached_0 as (

    select
        chart_key as group_key,
        chart_key,
        null as link_rule,
        1.0 as confidence,
        true as is_clear
    from chart_sets

),
{% for round in range(1, rounds + 1) %}
options_{{ round }} as (

    select
        pairs.one_key as group_key,
        chart_sets.chart_set_key,
        -- Of charts that are probably one person: that of the record number, otherwise the one in use, not its empty duplicate.
        arg_min(attached.chart_key, (pairs.link_rule <> 'mrn', not chart_sets.is_in_use, -pairs.weight, attached.chart_key)) as chart_key,
        max(pairs.weight) as weight,
        arg_max(pairs.link_rule, (pairs.weight, pairs.link_rule)) as link_rule,
        max(pairs.confidence) as confidence
    from group_pairs as pairs
    inner join attached_{{ round - 1 }} as attached on pairs.other_key = attached.group_key and attached.is_clear
    inner join chart_sets on attached.chart_key = chart_sets.chart_key
    anti join attached_{{ round - 1 }} as own on pairs.one_key = own.group_key
    anti join not_theirs on pairs.one_key = not_theirs.group_key and attached.chart_key = not_theirs.chart_key
    group by 1, 2

),

attached_{{ round }} as (

    select * from attached_{{ round - 1 }}
    union all
    select
        group_key,
        chart_key,
        link_rule,
        confidence,
        coalesce(weight - lead(weight) over strongest_first >= {{ margin }}, true) as is_clear
    from options_{{ round }}
    window strongest_first as (partition by group_key order by weight desc, chart_key)
    qualify row_number() over strongest_first = 1

){{ "," if not loop.last }}
{% endfor %}
select * from attached_{{ rounds }}
