with

links as (

    select * from {{ ref('int_identity__patient_links') }}

),

encounters as (

    select
        links.patient_key,
        encounters.started_on,
        encounters.ended_on,
        {{ is_deceased_at_discharge('encounters.discharge_codes') }} as is_deceased_at_discharge
    from {{ ref('stg_ehr__encounters') }} as encounters
    inner join links
        on encounters.source_system = links.source_system
        and encounters.patient_id = links.source_id
        and links.source_record_type = 'ehr_patient'
    where encounters.status = 'finished'

),

last_encounters as (

    select
        patient_key,
        max(started_on) as last_started_on
    from encounters
    group by patient_key

),

recorded as (

    select
        links.patient_key,
        patients.deceased_on,
        coalesce(patients.deceased_on, {{ practice_date('patients.updated_at') }}, {{ as_of_on() }}) as known_on
    from {{ ref('stg_ehr__patients') }} as patients
    inner join links
        on patients.source_system = links.source_system
        and patients.patient_id = links.source_id
        and links.source_record_type = 'ehr_patient'
    where patients.is_deceased

    union all

    select
        links.patient_key,
        cast(null as date) as deceased_on,
        coalesce({{ practice_date('contacts.updated_at') }}, {{ as_of_on() }}) as known_on
    from {{ ref('stg_crm__contacts') }} as contacts
    inner join links
        on contacts.source_system = links.source_system
        and contacts.contact_id = links.source_id
        and links.source_record_type = 'crm_contact'
    where contacts.is_deceased

),

-- Often the patient's record does not learn of a death in hospital, or of what somebody said on the telephone.
reported as (

    select
        patient_key,
        ended_on as deceased_on,
        ended_on as known_on
    from encounters
    where is_deceased_at_discharge

    union all

    select
        links.patient_key,
        cast(null as date) as deceased_on,
        tasks.completed_on as known_on
    from {{ ref('stg_crm__outreach_tasks') }} as tasks
    inner join links
        on tasks.source_system = links.source_system
        and tasks.contact_id = links.source_id
        and links.source_record_type = 'crm_contact'
    where tasks.outcome = 'deceased' and tasks.completed_on is not null

    union all

    select
        links.patient_key,
        cast(null as date) as deceased_on,
        outcomes.recorded_on as known_on
    from {{ ref('stg_caregap__outreach_outcomes') }} as outcomes
    inner join links
        on outcomes.patient_source_system = links.source_system
        and outcomes.patient_record_type = links.source_record_type
        and outcomes.patient_source_id = links.source_id
    where outcomes.outcome = 'deceased'

),

deaths as (

    select * from recorded

    union all

    -- Who was seen on a later day did not die.
    select reported.*
    from reported
    left join last_encounters
        on reported.patient_key = last_encounters.patient_key
    where coalesce(last_encounters.last_started_on <= reported.known_on, true)

)

select
    patient_key,
    min(deceased_on) as deceased_on,
    min(known_on) as known_on
from deaths
group by patient_key
