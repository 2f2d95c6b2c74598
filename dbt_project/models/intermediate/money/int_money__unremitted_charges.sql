with

charges as (

    select * from {{ ref('int_money__charges') }}

),

remitted as (

    select
        claim_lines.source_system,
        claim_lines.charge_id,
        min(claims.first_remitted_on) as remitted_on
    from {{ ref('stg_billing__claim_lines') }} as claim_lines
    inner join {{ ref('int_money__claims') }} as claims
        on claim_lines.source_system = claims.source_system
        and claim_lines.claim_id = claims.claim_id
    group by claim_lines.source_system, claim_lines.charge_id

),

-- Write-offs lessen what a payer can still adjust; what patients pay does not.
postings as (

    select
        charge_key,
        posted_on,
        charge_usd as adjustable_usd,
        charge_usd as owed_usd
    from charges

    union all

    select
        charge_key,
        posted_on,
        case when movement_type = 'write_off' then -amount_usd else 0 end as adjustable_usd,
        -amount_usd as owed_usd
    from {{ ref('int_money__movements') }}
    where movement_type in ('patient_payment', 'write_off') and charge_key is not null

),

days as (

    select
        postings.charge_key,
        postings.posted_on,
        sum(postings.adjustable_usd) as adjustable_usd,
        sum(postings.owed_usd) as owed_usd
    from postings
    inner join charges
        on postings.charge_key = charges.charge_key
    left join remitted
        on charges.source_system = remitted.source_system
        and charges.charge_id = remitted.charge_id
    where coalesce(postings.posted_on < remitted.remitted_on, true)
    group by postings.charge_key, postings.posted_on

),

balances as (

    select
        charge_key,
        posted_on,
        sum(adjustable_usd) over earlier as adjustable_usd,
        sum(owed_usd) over earlier as owed_usd
    from days
    window earlier as (partition by charge_key order by posted_on rows unbounded preceding)

),

-- Of a charge that is paid in full nothing more is expected. A reversal is a charge below zero.
standing as (

    select
        charge_key,
        posted_on,
        case when owed_usd * sign(adjustable_usd) > 0 then adjustable_usd else 0 end as unremitted_usd
    from balances

    union all

    select
        charges.charge_key,
        remitted.remitted_on as posted_on,
        0 as unremitted_usd
    from remitted
    inner join charges
        on remitted.source_system = charges.source_system
        and remitted.charge_id = charges.charge_id
    where charges.posted_on < remitted.remitted_on

),

changes as (

    select
        charge_key,
        posted_on,
        unremitted_usd - coalesce(lag(unremitted_usd) over (partition by charge_key order by posted_on), 0) as change_usd
    from standing

)

select
    changes.charge_key,
    changes.posted_on,
    changes.change_usd,
    charges.location_key,
    charges.provider_key,
    charges.payer_class,
    charges.patient_segment
from changes
inner join charges
    on changes.charge_key = charges.charge_key
where changes.change_usd <> 0
