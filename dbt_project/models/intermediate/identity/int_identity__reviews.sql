{#- Of two people who may be one, the pair of records with the most evidence; none where a steward keeps them apart. -#}
with links as (

    select * from {{ ref('int_identity__patient_links') }}

),

groups as (

    select * from {{ ref('int_identity__groups') }}

),

undecided as (

    select group_key from {{ ref('int_identity__attachments') }}
    where not is_clear

),

pairs as (

    select
        pairs.*,
        case
            when pairs.verdict = 'match' or pairs.doubt = 'namesakes' then 'two_charts_fit'
            when pairs.link_rule = 'mrn_of_somebody_else' then 'mrn_of_somebody_else'
            when pairs.is_two_charts and pairs.doubt is null then 'two_charts_of_one_person'
            when pairs.doubt in ('another_sex', 'near_name', 'near_birth_date', 'birth_date_unknown', 'common_name') then pairs.doubt
            else 'not_enough_evidence'
        end as reason
    from {{ ref('int_identity__judged_pairs') }} as pairs
    inner join groups as one on pairs.left_key = one.record_key
    inner join groups as other on pairs.right_key = other.record_key
    where
        pairs.verdict in ('doubtful', 'alike')
        or (
            pairs.verdict = 'match'
            and (
                one.group_key in (select group_key from undecided) and other.has_chart
                or other.group_key in (select group_key from undecided) and one.has_chart
            )
        )

),

decided as (

    select distinct
        one.patient_key as one_patient_key,
        other.patient_key as other_patient_key
    from {{ ref('int_identity__verdicts') }} as verdicts
    inner join links as one on verdicts.one_key = one.record_key
    inner join links as other on verdicts.other_key = other.record_key
    where verdicts.verdict = 'separate'

)

select
    {{ surrogate_key(['pairs.left_key', 'pairs.right_key']) }} as review_key,
    one.source_system as left_source_system,
    one.source_record_type as left_record_type,
    one.source_id as left_id,
    one.patient_key as left_patient_key,
    other.source_system as right_source_system,
    other.source_record_type as right_record_type,
    other.source_id as right_id,
    other.patient_key as right_patient_key,
    pairs.reason,
    pairs.evidence,
    pairs.confidence
from pairs
inner join links as one on pairs.left_key = one.record_key
inner join links as other on pairs.right_key = other.record_key
anti join decided
    on one.patient_key = decided.one_patient_key and other.patient_key = decided.other_patient_key
where one.patient_key <> other.patient_key
qualify row_number() over (
    partition by least(one.patient_key, other.patient_key), greatest(one.patient_key, other.patient_key)
    order by pairs.weight desc, pairs.left_key, pairs.right_key
) = 1
