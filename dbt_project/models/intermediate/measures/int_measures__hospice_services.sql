with

services as (

    {{ hospice_services() }}

)

{{ latest_evidence('services') }}
