with

patients as (

    select * from {{ ref('dim_patients') }}

),

records as (

    select
        patient_key,
        source_system,
        source_record_type,
        source_id
    from {{ ref('dim_patient_links') }}
    where link_rule = 'own_record'

),

scores as (

    select * from {{ source('ml', 'disengagement_scores') }}

),

providers as (

    select * from {{ ref('dim_providers') }}

),

locations as (

    select * from {{ ref('dim_locations') }}

),

assignments as (

    select * from {{ ref('int_outreach__assignments') }}

)

select
    cast(patients.patient_key as bigint) as patient_key,
    cast(patients.home_location_key as bigint) as location_key,
    cast(records.source_system as varchar) as patient_source_system,
    cast(records.source_record_type as varchar) as patient_record_type,
    cast(records.source_id as varchar) as patient_source_id,
    cast(patients.mrn as varchar) as mrn,
    cast(coalesce(nullif(concat_ws(', ', patients.last_name, patients.first_name), ''), 'name not known') as varchar) as patient_name,
    cast(patients.birth_date as date) as birth_date,
    cast(patients.age_years as integer) as age_years,
    cast(patients.sex as varchar) as sex,
    cast(patients.language as varchar) as language,
    cast(patients.payer_name as varchar) as payer_name,
    cast(providers.provider_name as varchar) as provider_name,
    cast(locations.location_name as varchar) as location_name,
    cast(assignments.assigned_to as varchar) as assigned_to,
    cast(patients.is_deceased as boolean) as is_deceased,
    cast(patients.is_do_not_contact as boolean) as is_do_not_contact,
    cast(patients.preferred_channel as varchar) as preferred_channel,
    cast(patients.last_visit_on as date) as last_visit_on,
    cast(patients.n_visits_24_months as bigint) as n_visits_24_months,
    cast(patients.next_appointment_at as timestamptz) as next_appointment_at,
    cast(patients.last_portal_login_on as date) as last_portal_login_on,
    cast(patients.n_chronic_conditions as bigint) as n_chronic_conditions,
    cast(patients.n_open_gaps as bigint) as n_open_gaps,
    cast(scores.score as double) as score,
    cast(scores.tier as varchar) as tier,
    cast(scores.reason_1 as varchar) as reason_1,
    cast(scores.reason_2 as varchar) as reason_2,
    cast(scores.reason_3 as varchar) as reason_3
from patients
inner join records
    on patients.patient_key = records.patient_key
left join scores
    on patients.patient_key = scores.patient_key
left join providers
    on patients.primary_provider_key = providers.provider_key
left join locations
    on patients.home_location_key = locations.location_key
left join assignments
    on patients.patient_key = assignments.patient_key
