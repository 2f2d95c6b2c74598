{#-
    The records of each person: a chart with the records attached to it; or contacts and accounts without a chart that match each other. A
    record that must stay apart from another, by a steward's decision or as another person's, is taken out if a third one would unite them.
-#}
with groups as (

    select * from {{ ref('int_identity__groups') }}

),

attachments as (

    select * from {{ ref('int_identity__attachments') }}

),

-- Neither side has a chart, nor a doubt between charts
perhaps_charted as (

    select distinct one.group_key
    from {{ ref('int_identity__verdicts') }} as verdicts
    inner join groups as one on verdicts.one_key = one.record_key
    inner join groups as other on verdicts.other_key = other.record_key and other.has_chart
    where verdicts.verdict = 'doubtful'

),

free_matches as (

    select pairs.*
    from {{ ref('int_identity__group_pairs') }} as pairs
    left join attachments as one on pairs.one_key = one.group_key
    left join attachments as other on pairs.other_key = other.group_key
    where
        one.group_key is null
        and other.group_key is null
        and (
            pairs.is_sure
            or not (
                pairs.one_key in (select group_key from perhaps_charted)
                or pairs.other_key in (select group_key from perhaps_charted)
            )
        )

),

{{ connected_groups('connected', 'free_matches') }},

free_links as (

    select
        one_key as group_key,
        arg_max(link_rule, (weight, link_rule)) as link_rule,
        max(confidence) as confidence
    from free_matches
    group by one_key

),

people as (

    select
        groups.record_key,
        groups.group_key,
        attached.group_key is not null as has_chart,
        coalesce(attached.chart_key, connected.group_key, groups.group_key) as person_key,
        coalesce(attached.link_rule, free_links.link_rule) as link_rule,
        coalesce(attached.confidence, free_links.confidence) as confidence
    from groups
    left join attachments as attached on groups.group_key = attached.group_key and attached.is_clear
    left join connected on groups.group_key = connected.record_key
    left join free_links on groups.group_key = free_links.group_key

),

taken_out as (

    select distinct
        case
            when pairs.left_type = 'ehr_patient' and not pairs.is_two_charts then pairs.right_key
            when pairs.right_type = 'ehr_patient' and not pairs.is_two_charts then pairs.left_key
            else pairs.right_key
        end as record_key
    from {{ ref('int_identity__judged_pairs') }} as pairs
    inner join people as one on pairs.left_key = one.record_key
    inner join people as other on pairs.right_key = other.record_key
    where
        one.person_key = other.person_key
        and (pairs.verdict = 'separate' or (pairs.verdict = 'different' and not one.has_chart))

)

select
    people.record_key,
    case when taken_out.record_key is null then people.group_key else people.record_key end as group_key,
    case when taken_out.record_key is null then people.person_key else people.record_key end as person_key,
    case when taken_out.record_key is null then people.link_rule end as link_rule,
    case when taken_out.record_key is null then people.confidence end as confidence
from people
left join taken_out using (record_key)
