{#- The latest decision on a pair holds, from any source; `later` is no decision. -#}
with decisions as (

    select * from {{ ref('stg_caregap__identity_decisions') }}
    union all by name
    select * from {{ ref('stg_crm__identity_decisions') }}

),

keyed as (

    select
        *,
        {{ surrogate_key(['left_source_system', 'left_record_type', 'left_id']) }} as one_key,
        {{ surrogate_key(['right_source_system', 'right_record_type', 'right_id']) }} as other_key
    from decisions

)

select
    least(one_key, other_key) as left_key,
    greatest(one_key, other_key) as right_key,
    decision,
    decided_at,
    decided_by,
    source_system
from keyed
qualify row_number() over (
    partition by least(one_key, other_key), greatest(one_key, other_key)
    order by decided_at desc, decision_id desc
) = 1
