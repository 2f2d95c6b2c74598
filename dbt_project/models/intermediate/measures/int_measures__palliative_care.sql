with

care as (

    {{ palliative_care() }}

)

{{ latest_evidence('care') }}
