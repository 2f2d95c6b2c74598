{#-
    A claim's number is no key: practices submit an account's number, and a secondary payer or a corrected claim has the number of the first.
    So among the claims of that number, the one that agrees in most counts, and none where two agree alike. One of another day
    and another charge is another claim, and so is that of another patient.
-#}
{%- set columns = answered_claim_columns() %}
with

answers as (

    {% for answers in ['remittances', 'claim_denials', 'claim_submissions'] %}
    select source_system, answered_claim_key, {{ columns | join(', ') }}
    from {{ ref('stg_billing__' ~ answers) }}
    where answered_claim_key is not null
    {{ "union" if not loop.last }}
    {% endfor %}

),

accounts as (

    select * from {{ ref('stg_billing__accounts') }}

),

claims as (

    select
        claims.source_system,
        claims.claim_id,
        coalesce(claims.patient_control_number, claims.claim_id) as patient_control_number,
        claims.payer_control_number,
        claims.member_id,
        claims.service_on,
        claims.billed_usd,
        claims.payer_responsibility,
        upper(accounts.first_name) as first_name
    from {{ ref('stg_billing__claims') }} as claims
    left join accounts
        on claims.source_system = accounts.source_system
        and claims.account_id = accounts.account_id

),

candidates as (

    select
        answers.source_system,
        answers.answered_claim_key,
        claims.claim_id,
        8 * cast(coalesce(answers.payer_control_number = claims.payer_control_number, false) as integer)
        + 4 * cast(coalesce(answers.claim_service_on = claims.service_on, false) as integer)
        + 3 * cast(coalesce(answers.payer_responsibility, 'primary') = coalesce(claims.payer_responsibility, 'primary') as integer)
        + 2 * cast(coalesce(answers.claim_billed_usd = claims.billed_usd, false) as integer)
        + cast(coalesce(answers.member_id = claims.member_id, false) as integer)
        + cast(coalesce(upper(answers.patient_first_name) = claims.first_name, false) as integer) as weight
    from answers
    inner join claims
        on answers.source_system = claims.source_system
        and answers.patient_control_number = claims.patient_control_number
    where
        (
            coalesce(answers.claim_service_on = claims.service_on, true)
            or coalesce(answers.claim_billed_usd = claims.billed_usd, true)
        )
        and (
            coalesce(answers.member_id = claims.member_id, true)
            or coalesce(upper(answers.patient_first_name) = claims.first_name, true)
        )

),

ranked as (

    select
        *,
        rank() over (partition by source_system, answered_claim_key order by weight desc) as place,
        count(*) over (partition by source_system, answered_claim_key, weight) as n_alike
    from candidates

)

select
    source_system,
    answered_claim_key,
    claim_id
from ranked
where place = 1 and n_alike = 1
