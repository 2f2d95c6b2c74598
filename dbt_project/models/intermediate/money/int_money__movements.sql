with

remittances as (

    select * from {{ ref('int_money__remittances') }}

),

charges as (

    select * from {{ ref('int_money__charges') }}

),

claims as (

    select * from {{ ref('int_money__claim_headers') }}

),

claim_lines as (

    select * from {{ ref('stg_billing__claim_lines') }}

),

accounts as (

    select * from {{ ref('int_activity__source_patients') }}
    where source_record_type = 'billing_account'

),

-- A payment that names only the visit belongs to the visit's largest charge.
visits as (

    select
        source_system,
        account_id,
        encounter_id,
        max_by(charge_id, (charge_usd, charge_id)) as charge_id
    from charges
    where encounter_id is not null
    group by all

),

-- Positive amounts reduce what is owed to the practice.
movements as (

    {% for movement_type in ['payment', 'contractual_adjustment', 'other_adjustment'] %}
    select
        source_system,
        remittance_id as movement_id,
        '{{ "payer_payment" if movement_type == "payment" else movement_type }}' as movement_type,
        cast(null as varchar) as reason,
        posted_on,
        {{ movement_type }}_usd as amount_usd,
        is_reversal,
        false as is_at_service,
        cast(null as varchar) as method,
        cast(null as varchar) as account_id,
        cast(null as varchar) as encounter_id,
        claim_id,
        line_number,
        cast(null as varchar) as charge_id
    from remittances
    where {{ movement_type }}_usd <> 0

    union all
    {% endfor %}

    select
        source_system,
        payment_id as movement_id,
        'patient_payment' as movement_type,
        cast(null as varchar) as reason,
        paid_on as posted_on,
        amount_usd,
        amount_usd < 0 as is_reversal,
        is_at_service,
        method,
        account_id,
        encounter_id,
        cast(null as varchar) as claim_id,
        cast(null as integer) as line_number,
        charge_id
    from {{ ref('stg_billing__patient_payments') }}

    union all

    select
        source_system,
        write_off_id as movement_id,
        'write_off' as movement_type,
        reason,
        written_off_on as posted_on,
        amount_usd,
        false as is_reversal,
        false as is_at_service,
        cast(null as varchar) as method,
        account_id,
        cast(null as varchar) as encounter_id,
        claim_id,
        cast(null as integer) as line_number,
        charge_id
    from {{ ref('stg_billing__write_offs') }}

),

addressed as (

    select
        movements.* exclude (charge_id),
        coalesce(movements.charge_id, claim_lines.charge_id, visits.charge_id) as charge_id
    from movements
    left join claim_lines
        on movements.source_system = claim_lines.source_system
        and movements.claim_id = claim_lines.claim_id
        and movements.line_number = claim_lines.line_number
    left join visits
        on movements.source_system = visits.source_system
        and movements.account_id = visits.account_id
        and movements.encounter_id = visits.encounter_id

)

select
    {{ surrogate_key(['addressed.source_system', 'addressed.movement_type', 'addressed.movement_id']) }} as payment_key,
    addressed.source_system,
    addressed.movement_id,
    addressed.movement_type,
    addressed.reason,
    addressed.posted_on,
    addressed.amount_usd,
    addressed.is_reversal,
    addressed.is_at_service,
    addressed.method,
    addressed.claim_id,
    claims.claim_key,
    charges.charge_id,
    charges.charge_key,
    coalesce(charges.encounter_id, claims.encounter_id, addressed.encounter_id) as encounter_id,
    coalesce(charges.service_on, claims.service_on) as service_on,
    coalesce(charges.patient_key, claims.patient_key, accounts.patient_key) as patient_key,
    -- The first of charge, claim and patient determines where the money belongs.
    case
        when charges.charge_key is not null then charges.location_key
        when claims.claim_key is not null then claims.location_key
        else accounts.home_location_key
    end as location_key,
    case
        when charges.charge_key is not null then charges.provider_key
        when claims.claim_key is not null then claims.provider_key
        else accounts.primary_provider_key
    end as provider_key,
    coalesce(charges.payer_class, claims.payer_class, accounts.payer_class, 'unknown') as payer_class,
    coalesce(charges.patient_segment, claims.patient_segment, accounts.patient_segment, 'unknown') as patient_segment
from addressed
left join charges
    on addressed.source_system = charges.source_system
    and addressed.charge_id = charges.charge_id
left join claims
    on addressed.source_system = claims.source_system
    and addressed.claim_id = claims.claim_id
left join accounts
    on addressed.source_system = accounts.source_system
    and addressed.account_id = accounts.source_id
