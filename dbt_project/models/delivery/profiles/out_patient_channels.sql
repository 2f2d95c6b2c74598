{%- set channels = ['phone', 'sms', 'email', 'portal', 'mail'] %}
with

patients as (

    select * from {{ ref('dim_patients') }}

),

consents as (

    select * from {{ ref('int_patients__consents') }}

),

reachability as (

    select * from {{ ref('int_outreach__reachability') }}

),

channels as (

    {% for channel in channels -%}
    select
        patient_key,
        home_location_key,
        '{{ channel }}' as channel,
        may_{{ channel }} as may_contact,
        {% if channel in ['phone', 'sms'] -%}
        phone
        {%- elif channel == 'email' -%}
        email
        {%- elif channel == 'portal' -%}
        case when has_portal_account then 'has an account' end
        {%- else -%}
        concat_ws(', ', address_line, city, concat_ws(' ', state, postal_code))
        {%- endif %} as contact_point
    from patients
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (

    select
        channels.patient_key,
        channels.home_location_key as location_key,
        channels.channel,
        nullif(channels.contact_point, '') as contact_point,
        coalesce(consents.consent_status, 'none') as consent,
        {{ practice_date('consents.recorded_at') }} as consent_recorded_on,
        channels.may_contact
        and nullif(channels.contact_point, '') is not null
        and coalesce(reachability.is_reachable, true) as may_contact
    from channels
    left join consents
        on channels.patient_key = consents.patient_key
        and channels.channel = consents.channel
    left join reachability
        on channels.patient_key = reachability.patient_key
        and channels.channel = reachability.channel

)

select
    {{ contract_columns() }}
from final
