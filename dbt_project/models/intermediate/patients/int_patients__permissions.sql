{#-
    Without a decision there is no consent to text messages (47 CFR 64.1200(a)(1)) or e-mail, which is seldom encrypted; calls, letters
    and the portal are part of care and are allowed until refused. No channel is allowed for a person who asked not to be contacted, or
    has died.
-#}
{%- set opt_in = ['sms', 'email'] %}
{%- set opt_out = ['phone', 'mail', 'portal'] %}
with demographics as (

    select * from {{ ref('int_patients__demographics') }}

),

consents as (

    select
        patient_key
        {%- for channel in opt_in + opt_out %},
        max(consent_status) filter (channel = '{{ channel }}') as {{ channel }}
        {%- endfor %}
    from {{ ref('int_patients__consents') }}
    group by patient_key

)

select
    demographics.patient_key,
    demographics.is_do_not_contact
    {%- for channel in opt_in %},
    coalesce(consents.{{ channel }} = 'granted', false)
    and not (demographics.is_do_not_contact or demographics.is_deceased) as may_{{ channel }}
    {%- endfor %}
    {%- for channel in opt_out %},
    coalesce(consents.{{ channel }} <> 'revoked', true)
    and not (demographics.is_do_not_contact or demographics.is_deceased) as may_{{ channel }}
    {%- endfor %}
from demographics
left join consents using (patient_key)
