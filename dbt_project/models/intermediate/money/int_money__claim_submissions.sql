with

submissions as (

    select * from {{ ref('stg_billing__claim_submissions') }}

),

answered_claims as (

    select * from {{ ref('int_money__answered_claims') }}

),

of_claims as (

    select
        submissions.* replace (coalesce(submissions.claim_id, answered_claims.claim_id) as claim_id)
    from submissions
    left join answered_claims
        on submissions.source_system = answered_claims.source_system
        and submissions.answered_claim_key = answered_claims.answered_claim_key

)

select
    * replace (
        coalesce(
            is_resubmission,
            row_number() over (partition by source_system, claim_id order by submitted_at, submission_id) > 1
        ) as is_resubmission
    )
from of_claims
