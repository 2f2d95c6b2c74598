with

active_patients as (

    select * from {{ ref('int_activity__patient_months') }}

),

contacts as (

    select * from {{ ref('int_identity__patient_links') }}
    where source_record_type = 'crm_contact'

),

decisions as (

    select
        contacts.patient_key,
        consents.consent_status,
        {{ month_of('consents.recorded_on') }} as from_month_on,
        {{ month_of('lead(consents.recorded_on) over patient_channel') }} as until_month_on
    from {{ ref('stg_crm__consents') }} as consents
    inner join contacts
        on consents.source_system = contacts.source_system
        and consents.contact_id = contacts.source_id
    window patient_channel as (
        partition by contacts.patient_key, consents.channel
        order by consents.recorded_at, consents.consent_status, consents.consent_id
    )

),

consented as (

    select distinct
        active_patients.patient_key,
        active_patients.month_on
    from active_patients
    inner join decisions
        on active_patients.patient_key = decisions.patient_key
        and active_patients.month_on >= decisions.from_month_on
        and active_patients.month_on < coalesce(decisions.until_month_on, date '9999-12-01')
    where decisions.consent_status = 'granted'

)

select
    {{ kpi_row(month_end('active_patients.month_on'), record_type='patient', of='active_patients') }},
    case when consented.patient_key is not null then 1 else 0 end as numerator,
    1 as denominator
from active_patients
left join consented
    on active_patients.patient_key = consented.patient_key
    and active_patients.month_on = consented.month_on
