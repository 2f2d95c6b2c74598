{#-
    The rows of a staged billing extract, with a surrogate `key` made of its `id`, and whose and where they are: person, segment, provider,
    location. A row whose account, provider or site is not known keeps a null there.
-#}
{% macro with_billing_dimensions(staged, id, key) -%}
with

staged as (

    select * from {{ ref(staged) }}

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
    {{ surrogate_key(['staged.source_system', 'staged.' ~ id]) }} as {{ key }},
    staged.*,
    accounts.patient_key,
    providers.provider_key,
    locations.location_key,
    coalesce(accounts.patient_segment, 'unknown') as patient_segment
from staged
left join accounts
    on staged.source_system = accounts.source_system
    and staged.account_id = accounts.source_id
left join providers
    on staged.provider_npi = providers.npi
left join locations
    on staged.location_id = locations.location_id
{%- endmacro %}
