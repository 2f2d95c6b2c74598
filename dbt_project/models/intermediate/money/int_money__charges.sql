with

charges as (

    select * from {{ ref('stg_billing__charges') }}

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
    {{ surrogate_key(['charges.source_system', 'charges.charge_id']) }} as charge_key,
    charges.*,
    accounts.patient_key,
    providers.provider_key,
    locations.location_key,
    coalesce(accounts.patient_segment, 'unknown') as patient_segment
from charges
left join accounts
    on charges.source_system = accounts.source_system
    and charges.account_id = accounts.source_id
left join providers
    on charges.provider_npi = providers.npi
left join locations
    on charges.location_id = locations.location_id
