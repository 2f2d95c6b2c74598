with

leads as (

    select * from {{ ref('stg_crm__leads') }}

),

locations as (

    select * from {{ ref('int_activity__named_locations') }}

),

contacts as (

    select * from {{ ref('int_activity__source_patients') }}
    where source_record_type = 'crm_contact'

),

new_patients as (

    select
        patient_key,
        min(visit_on) as first_visit_on
    from {{ ref('int_activity__visit_days') }}
    where previous_visit_on is null
    group by patient_key

),

collected as (

    select
        patient_key,
        sum(amount_usd) as collected_usd
    from {{ ref('int_money__movements') }}
    where movement_type in ('payer_payment', 'patient_payment')
    group by patient_key

),

-- A patient with several leads counts once: by the first.
judged_leads as (

    select
        leads.created_on,
        locations.location_key,
        leads.lead_source,
        leads.converted_on is not null as is_converted,
        coalesce(
            new_patients.first_visit_on >= leads.created_on
            and row_number() over (partition by contacts.patient_key order by leads.created_at, leads.lead_id) = 1,
            false
        ) as is_new_patient,
        collected.collected_usd
    from leads
    left join locations
        on leads.location_id = locations.location_id
    left join contacts
        on leads.source_system = contacts.source_system
        and leads.contact_id = contacts.source_id
    left join new_patients
        on contacts.patient_key = new_patients.patient_key
    left join collected
        on contacts.patient_key = collected.patient_key

),

parts as (

    select
        {{ month_of('created_on') }} as month_on,
        location_key,
        lead_source,
        1 as n_leads,
        case when is_converted then 1 else 0 end as n_converted,
        case when is_new_patient then 1 else 0 end as n_new_patients,
        0 as spend_usd,
        case when is_new_patient then coalesce(collected_usd, 0) else 0 end as collected_usd
    from judged_leads

    union all

    select
        spend.month_on,
        locations.location_key,
        spend.lead_source,
        0 as n_leads,
        0 as n_converted,
        0 as n_new_patients,
        spend.amount_usd as spend_usd,
        0 as collected_usd
    from {{ ref('stg_crm__marketing_spend') }} as spend
    left join locations
        on spend.location_id = locations.location_id
    where spend.month_on < {{ as_of_on() }}

),

final as (

    select
        month_on,
        location_key,
        lead_source,
        sum(n_leads) as n_leads,
        sum(n_converted) as n_converted,
        sum(n_new_patients) as n_new_patients,
        sum(spend_usd) as spend_usd,
        sum(collected_usd) as collected_usd
    from parts
    where month_on is not null
    group by all

)

select
    {{ contract_columns() }}
from final
