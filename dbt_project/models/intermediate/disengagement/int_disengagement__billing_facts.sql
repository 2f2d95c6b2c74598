with

links as (

    select * from {{ ref('int_identity__patient_links') }}
    where source_record_type = 'billing_account'

),

-- Patient responsibility, payments and write-offs: a positive `value` raises the balance.
movements as (

    select
        claims.source_system,
        claims.account_id,
        remittances.patient_responsibility_usd as amount_usd,
        remittances.posted_on,
        remittances.recorded_at
    from {{ ref('int_money__remittances') }} as remittances
    inner join {{ ref('stg_billing__claims') }} as claims
        on remittances.source_system = claims.source_system
        and remittances.claim_id = claims.claim_id

    union all

    select
        source_system,
        account_id,
        charge_usd as amount_usd,
        posted_on,
        recorded_at
    from {{ ref('stg_billing__charges') }}
    where payer_class = 'self_pay'

    union all

    select
        source_system,
        account_id,
        -amount_usd as amount_usd,
        paid_on as posted_on,
        recorded_at
    from {{ ref('stg_billing__patient_payments') }}

    union all

    select
        source_system,
        account_id,
        -amount_usd as amount_usd,
        written_off_on as posted_on,
        recorded_at
    from {{ ref('stg_billing__write_offs') }}
    where reason in ('bad_debt', 'charity', 'small_balance')

)

select
    links.patient_key,
    'balance_movement' as fact_type,
    cast(null as varchar) as code,
    cast(movements.amount_usd as double) as value,
    {{ practice_midnight('movements.posted_on') }} as event_at,
    movements.recorded_at
from movements
inner join links
    on movements.source_system = links.source_system
    and movements.account_id = links.source_id
