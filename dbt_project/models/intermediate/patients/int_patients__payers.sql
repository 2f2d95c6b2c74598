{#-
    The coverage in force that is billed first; without one, the payer of the newest claim; without one, the coverage that
    ended last.
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

claims as (

    select
        links.patient_key,
        claims.payer_name,
        claims.payer_class,
        2 as preference,
        null as coverage_order,
        claims.service_on as known_on,
        claims.claim_id as tie_breaker
    from {{ ref('stg_billing__claims') }} as claims
    inner join {{ ref('int_identity__patient_links') }} as links
        on
            claims.source_system = links.source_system
            and claims.account_id = links.source_id
            and links.source_record_type = 'billing_account'

),

candidates as (

    select * from coverages
    union all by name
    select * from claims

)

select
    patient_key,
    payer_name,
    payer_class
from candidates
qualify row_number() over (
    partition by patient_key order by preference, coverage_order nulls last, known_on desc, tie_breaker
) = 1
