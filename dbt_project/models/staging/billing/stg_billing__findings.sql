with

birth_dates as (

    select
        source_system,
        _file_key as file_key,
        _row_number as row_number,
        'accounts' as extract,
        'birth_date' as field,
        'unknown' as kind,
        {{ impossible_birth_date() }} as finding
    from {{ source('raw', 'billing_accounts') }}
    where birth_date is not null and {{ possible_birth_date('birth_date') }} is null

),

paid as (

    select
        source_system,
        claim_id,
        sum(payment_usd) as paid_usd
    from {{ source('raw', 'billing_remittances') }}
    group by all

),

overpaid as (

    select
        claims.source_system,
        claims._file_key as file_key,
        claims._row_number as row_number,
        'claims' as extract,
        'billed_usd' as field,
        'doubtful' as kind,
        'is less than what the payer has paid on the claim' as finding
    from {{ source('raw', 'billing_claims') }} as claims
    inner join paid
        on claims.source_system = paid.source_system
        and claims.claim_id = paid.claim_id
    where paid.paid_usd > claims.billed_usd

),

-- One posting that was delivered under two ids is paid twice.
repeated as (

    select
        source_system,
        _file_key as file_key,
        _row_number as row_number,
        'remittances' as extract,
        'remittance_id' as field,
        'doubtful' as kind,
        'differs, but claim, line, day and amounts are those of another posting' as finding
    from {{ source('raw', 'billing_remittances') }}
    where payment_usd <> 0
    qualify count(*) over (
        partition by
            source_system, claim_id, patient_control_number, payer_control_number, line_number, service_code, posted_on,
            payment_usd, contractual_adjustment_usd, patient_responsibility_usd
    ) > 1

),

x12_faults as (

    select distinct
        source_system,
        _file_key as file_key,
        _row_number as row_number,
        'x12_transactions' as extract,
        'faults' as field,
        'doubtful' as kind,
        unnest(string_split(faults, chr(10))) as finding
    from {{ source('raw', 'billing_x12_transactions') }}
    where faults is not null

)

select * from birth_dates
union all
select * from overpaid
union all
select * from repeated
union all
select * from x12_faults
