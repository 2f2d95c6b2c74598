{#-
    The current coverage that is billed first; without one, the payer of the newest claim or charge (self-paying patients have no
    claims); without one, the coverage that ended last.
-#}
with coverages as (

    select
        patient_key,
        payer_name,
        payer_class,
        case when is_in_force then 1 else 3 end as preference,
        coverage_order,
        coalesce(started_on, date '1900-01-01') as known_on,
        coverage_id as tie_breaker
    from {{ ref('int_patients__coverages') }}
    where coalesce(coverage_status, 'active') in ('active', 'cancelled') and payer_class <> 'unknown'

),

accounts as (

    select * from {{ ref('int_identity__patient_links') }}
    where source_record_type = 'billing_account'

),

bills as (

    select source_system, account_id, claim_id as tie_breaker, payer_name, payer_class, service_on
    from {{ ref('stg_billing__claims') }}
    union all
    select source_system, account_id, charge_id, null, payer_class, service_on
    from {{ ref('stg_billing__charges') }}

),

billed as (

    select
        accounts.patient_key,
        bills.payer_name,
        bills.payer_class,
        2 as preference,
        null as coverage_order,
        bills.service_on as known_on,
        bills.tie_breaker
    from bills
    inner join accounts
        on bills.source_system = accounts.source_system and bills.account_id = accounts.source_id

),

candidates as (

    select * from coverages
    union all by name
    select * from billed

)

select
    patient_key,
    payer_name,
    payer_class
from candidates
qualify row_number() over (
    partition by patient_key
    order by preference, coverage_order nulls last, known_on desc, payer_name nulls last, payer_class, tie_breaker
) = 1
