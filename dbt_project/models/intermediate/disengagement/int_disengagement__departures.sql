with

links as (

    select * from {{ ref('int_identity__patient_links') }}

),

deaths as (

    select
        patient_key,
        'deceased' as reason,
        known_on as departed_on
    from {{ ref('int_patients__deaths') }}

),

hospice as (

    select
        patient_key,
        'hospice' as reason,
        lo_on_earliest as departed_on
    from {{ ref('int_clinical__encounters') }}
    where value_set = 'hospice_encounter' or is_discharged_to_hospice

    union all

    select
        patient_key,
        'hospice' as reason,
        lo_on_earliest as departed_on
    from {{ ref('int_clinical__conditions') }}
    where value_set = 'hospice_diagnosis' and is_verified

    union all

    select
        patient_key,
        'hospice' as reason,
        lo_on_earliest as departed_on
    from {{ ref('int_clinical__service_requests') }}
    where value_set = 'hospice_care_ambulatory' and is_active_or_completed and is_order and not is_not_to_be_done

),

transfers as (

    select
        links.patient_key,
        'left_practice' as reason,
        coalesce({{ practice_date('patients.updated_at') }}, {{ as_of_on() }}) as departed_on
    from {{ ref('stg_ehr__patients') }} as patients
    inner join links
        on patients.source_system = links.source_system
        and patients.patient_id = links.source_id
        and links.source_record_type = 'ehr_patient'
    where not patients.is_active_record

),

-- What the care team learnt by a call, and recorded in the CRM or on the dashboards.
recorded as (

    select
        patient_key,
        'left_practice' as reason,
        completed_on as departed_on
    from {{ ref('int_engagement__outreach_tasks') }}
    where outcome = 'moved' and patient_key is not null

    union all

    select
        patient_key,
        'left_practice' as reason,
        recorded_on as departed_on
    from {{ ref('int_engagement__outreach_outcomes') }}
    where outcome = 'moved' and patient_key is not null

),

departures as (

    select * from recorded
    union all
    select * from deaths
    union all
    select * from hospice
    union all
    select * from transfers

)

select
    patient_key,
    min(departed_on) as departed_on,
    min_by(reason, (departed_on, reason)) as reason
from departures
where departed_on is not null
group by patient_key
