with

claims as (

    select * from {{ ref('int_money__claim_headers') }}

),

submissions as (

    select
        source_system,
        claim_id,
        min(submitted_at) as first_submitted_at,
        min(submitted_on) as first_submitted_on,
        min_by(result, (submitted_at, submission_id)) as first_submission_result,
        count(*) as n_submissions
    from {{ ref('int_money__claim_submissions') }}
    group by all

),

denials as (

    select
        source_system,
        claim_id,
        count(*) as n_denials,
        min(denied_on) filter (where is_initial) as initially_denied_on,
        sum(denied_usd) filter (where is_initial) as initially_denied_usd,
        max_by(reason_category, (denied_usd, denial_id)) filter (where is_initial) as initial_denial_reason,
        max_by(reason_code, (denied_usd, denial_id)) filter (where is_initial) as initial_denial_reason_code
    from {{ ref('int_money__claim_denials') }}
    group by all

),

remittances as (

    select
        source_system,
        claim_id,
        min(posted_on) as first_remitted_on,
        min(posted_on) filter (where payment_usd > 0) as first_paid_on,
        max(posted_on) as last_remitted_on,
        bool_or(is_reversal) as has_reversal,
        sum(payment_usd) as payer_paid_usd,
        sum(contractual_adjustment_usd) as contractual_adjustment_usd,
        sum(other_adjustment_usd) as other_adjustment_usd,
        sum(patient_responsibility_usd) as patient_responsibility_usd
    from {{ ref('int_money__remittances') }}
    group by all

),

-- Patients pay charges; a charge may be claimed more than once, and its payment counts for the first claim alone.
claimed_charges as (

    select
        source_system,
        charge_id,
        min(claim_id) as claim_id
    from {{ ref('stg_billing__claim_lines') }}
    group by all

),

own_movements as (

    select
        movements.source_system,
        coalesce(movements.claim_id, claimed_charges.claim_id) as claim_id,
        sum(movements.amount_usd) filter (where movements.movement_type = 'patient_payment') as patient_paid_usd,
        sum(movements.amount_usd) filter (where movements.movement_type = 'write_off') as written_off_usd,
        sum(movements.amount_usd) filter (where movements.movement_type = 'write_off' and movements.reason = 'denial')
            as denial_written_off_usd
    from {{ ref('int_money__movements') }} as movements
    left join claimed_charges
        on movements.source_system = claimed_charges.source_system
        and movements.charge_id = claimed_charges.charge_id
    where movements.movement_type in ('patient_payment', 'write_off')
    group by all

)

select
    claims.*,
    submissions.first_submitted_at,
    submissions.first_submitted_on,
    submissions.first_submission_result,
    coalesce(submissions.n_submissions, 0) as n_submissions,
    coalesce(submissions.first_submission_result = 'accepted', false) as is_clean_claim,
    coalesce(denials.n_denials, 0) as n_denials,
    denials.initially_denied_on is not null as is_initially_denied,
    denials.initially_denied_on,
    coalesce(denials.initially_denied_usd, 0) as initially_denied_usd,
    denials.initial_denial_reason,
    denials.initial_denial_reason_code,
    remittances.first_remitted_on,
    least(denials.initially_denied_on, remittances.first_remitted_on) as first_answered_on,
    remittances.first_paid_on,
    remittances.last_remitted_on,
    coalesce(remittances.has_reversal, false) as has_reversal,
    coalesce(
        submissions.n_submissions = 1
        and denials.claim_id is null
        and not remittances.has_reversal,
        false
    ) as is_resolved_at_first_pass,
    coalesce(remittances.payer_paid_usd, 0) as payer_paid_usd,
    coalesce(remittances.contractual_adjustment_usd, 0) as contractual_adjustment_usd,
    coalesce(remittances.other_adjustment_usd, 0) as other_adjustment_usd,
    coalesce(remittances.patient_responsibility_usd, 0) as patient_responsibility_usd,
    coalesce(own_movements.patient_paid_usd, 0) as patient_paid_usd,
    coalesce(own_movements.written_off_usd, 0) as written_off_usd,
    coalesce(own_movements.denial_written_off_usd, 0) as denial_written_off_usd,
    claims.billed_usd
    - coalesce(remittances.payer_paid_usd, 0)
    - coalesce(remittances.contractual_adjustment_usd, 0)
    - coalesce(remittances.other_adjustment_usd, 0)
    - coalesce(own_movements.patient_paid_usd, 0)
    - coalesce(own_movements.written_off_usd, 0) as balance_usd
from claims
left join submissions
    on claims.source_system = submissions.source_system
    and claims.claim_id = submissions.claim_id
left join denials
    on claims.source_system = denials.source_system
    and claims.claim_id = denials.claim_id
left join remittances
    on claims.source_system = remittances.source_system
    and claims.claim_id = remittances.claim_id
left join own_movements
    on claims.source_system = own_movements.source_system
    and claims.claim_id = own_movements.claim_id
