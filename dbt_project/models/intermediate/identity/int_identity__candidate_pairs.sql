with blocks as (

    select * from {{ ref('int_identity__blocks') }}

),

-- A server records a merge of two charts in both of them (http://hl7.org/fhir/R4/patient-definitions.html#Patient.link)
charts as (

    select
        {{ surrogate_key(['source_system', "'ehr_patient'", 'patient_id']) }} as one_key,
        {{ surrogate_key(['source_system', "'ehr_patient'", 'other_patient_id']) }} as other_key
    from {{ ref('stg_ehr__patient_links') }}

),

pairs as (

    select
        one.record_key as one_key,
        other.record_key as other_key,
        false as is_same_chart,
        null as decision
    from blocks as one
    inner join blocks as other
        on
            one.block_type = other.block_type
            and one.block_value = other.block_value
            and one.record_key < other.record_key

    union all

    select one_key, other_key, true, null from charts

    union all

    select left_key, right_key, false, decision from {{ ref('int_identity__decisions') }}
    where decision <> 'later'

)

select
    least(pairs.one_key, pairs.other_key) as left_key,
    greatest(pairs.one_key, pairs.other_key) as right_key,
    bool_or(pairs.is_same_chart) as is_same_chart,
    max(pairs.decision) as decision
from pairs
inner join {{ ref('int_identity__records') }} as one on pairs.one_key = one.record_key
inner join {{ ref('int_identity__records') }} as other on pairs.other_key = other.record_key
where pairs.one_key <> pairs.other_key and {{ var('resolve_identity') }}
group by 1, 2
