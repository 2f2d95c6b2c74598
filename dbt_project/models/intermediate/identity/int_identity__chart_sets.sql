{#-
    Charts that are probably one person do not compete for a contact: it belongs to that person either way.
-#}
with groups as (

    select * from {{ ref('int_identity__groups') }}
    where has_chart

),

doubtful as (

    select
        one.group_key as one_key,
        other.group_key as other_key
    from {{ ref('int_identity__judged_pairs') }} as pairs
    inner join groups as one on pairs.left_key = one.record_key
    inner join groups as other on pairs.right_key = other.record_key
    where
        pairs.is_two_charts
        and pairs.verdict = 'doubtful'
        and pairs.doubt is null
        and pairs.link_rule in ('birth_date_name_and_contact_point', 'birth_date_and_similar_name')
        and one.group_key <> other.group_key

),

both_ways as (

    select one_key, other_key from doubtful
    union
    select other_key, one_key from doubtful

),

{{ connected_groups('connected', 'both_ways') }},

in_use as (

    select distinct {{ surrogate_key(['source_system', "'ehr_patient'", 'patient_id']) }} as record_key
    from {{ ref('stg_ehr__encounters') }}

)

select
    groups.group_key as chart_key,
    coalesce(connected.group_key, groups.group_key) as chart_set_key,
    bool_or(in_use.record_key is not null) as is_in_use
from groups
left join connected on groups.group_key = connected.record_key
left join in_use on groups.record_key = in_use.record_key
group by groups.group_key, coalesce(connected.group_key, groups.group_key)
