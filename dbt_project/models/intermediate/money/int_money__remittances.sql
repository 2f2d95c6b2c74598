with

remittances as (

    select * from {{ ref('stg_billing__remittances') }}

),

answered_claims as (

    select * from {{ ref('int_money__answered_claims') }}

),

claim_lines as (

    select
        lines.source_system,
        lines.claim_id,
        lines.line_number,
        charges.service_code,
        lines.billed_usd,
        row_number() over (
            partition by lines.source_system, lines.claim_id, charges.service_code, lines.billed_usd
            order by lines.line_number
        ) as place
    from {{ ref('stg_billing__claim_lines') }} as lines
    inner join {{ ref('stg_billing__charges') }} as charges
        on lines.source_system = charges.source_system
        and lines.charge_id = charges.charge_id

),

of_claims as (

    select
        remittances.* replace (coalesce(remittances.claim_id, answered_claims.claim_id) as claim_id)
    from remittances
    left join answered_claims
        on remittances.source_system = answered_claims.source_system
        and remittances.answered_claim_key = answered_claims.answered_claim_key

),

placed as (

    select
        *,
        row_number() over (
            partition by source_system, claim_id, posted_on, is_reversal, service_code, line_billed_usd
            order by remittance_id
        ) as place
    from of_claims

)

-- A line without a number is found by its service and charge; of several alike, the first answer is that of the first line.
select
    placed.* exclude (place) replace (coalesce(placed.line_number, claim_lines.line_number) as line_number)
from placed
left join claim_lines
    on placed.source_system = claim_lines.source_system
    and placed.claim_id = claim_lines.claim_id
    and placed.service_code = claim_lines.service_code
    and placed.line_billed_usd = claim_lines.billed_usd
    and placed.place = claim_lines.place
