with

denials as (

    select * from {{ ref('stg_billing__claim_denials') }}

),

answered_claims as (

    select * from {{ ref('int_money__answered_claims') }}

),

first_answers as (

    select
        source_system,
        claim_id,
        min(posted_on) as answered_on
    from {{ ref('int_money__remittances') }}
    group by all

)

select
    denials.* replace (
        coalesce(denials.claim_id, answered_claims.claim_id) as claim_id,
        coalesce(denials.is_initial, denials.denied_on <= first_answers.answered_on, true) as is_initial
    )
from denials
left join answered_claims
    on denials.source_system = answered_claims.source_system
    and denials.answered_claim_key = answered_claims.answered_claim_key
left join first_answers
    on denials.source_system = first_answers.source_system
    and coalesce(denials.claim_id, answered_claims.claim_id) = first_answers.claim_id
