with

claims as (

    select * from {{ ref('stg_billing__claims') }}

),

accounts as (

    select * from {{ ref('int_activity__source_patients') }}
    where source_record_type = 'billing_account'

),

providers as (

    select * from {{ ref('int_money__billing_providers') }}

),

locations as (

    select * from {{ ref('int_activity__named_locations') }}

)

select
    {{ surrogate_key(['claims.source_system', 'claims.claim_id']) }} as claim_key,
    claims.*,
    accounts.patient_key,
    providers.provider_key,
    locations.location_key,
    coalesce(accounts.patient_segment, 'unknown') as patient_segment
from claims
left join accounts
    on claims.source_system = accounts.source_system
    and claims.account_id = accounts.source_id
left join providers
    on claims.provider_npi = providers.npi
left join locations
    on claims.location_id = locations.location_id
