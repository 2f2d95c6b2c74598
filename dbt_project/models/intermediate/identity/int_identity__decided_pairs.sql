with decisions as (

    select * from {{ ref('int_identity__decisions') }}

),

links as (

    select * from {{ ref('int_identity__patient_links') }}

)

select
    {{ surrogate_key(['decisions.left_key', 'decisions.right_key']) }} as review_key,
    one.source_system as left_source_system,
    one.source_record_type as left_record_type,
    one.source_id as left_id,
    one.patient_key as left_patient_key,
    other.source_system as right_source_system,
    other.source_record_type as right_record_type,
    other.source_id as right_id,
    other.patient_key as right_patient_key,
    decisions.decision,
    decisions.decided_at,
    decisions.decided_by,
    decisions.source_system as decided_in
from decisions
inner join links as one on decisions.left_key = one.record_key
inner join links as other on decisions.right_key = other.record_key
