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

),

final as (

    select
        patients.patient_key,
        patients.home_location_key as location_key,
        records.source_system as patient_source_system,
        records.source_record_type as patient_record_type,
        records.source_id as patient_source_id,
        patients.mrn,
        coalesce(nullif(concat_ws(', ', patients.last_name, patients.first_name), ''), 'name not known') as patient_name,
        patients.birth_date,
        patients.age_years,
        patients.sex,
        patients.language,
        coalesce(interpreters.needs_interpreter, false) as needs_interpreter,
        patients.payer_name,
        providers.provider_name,
        locations.location_name,
        assignments.assigned_to,
        patients.is_deceased,
        patients.is_do_not_contact,
        patients.preferred_channel,
        patients.last_visit_on,
        patients.n_visits_24_months,
        patients.next_appointment_at,
        patients.last_portal_login_on,
        patients.n_chronic_conditions,
        patients.n_open_gaps,
        scores.score,
        scores.tier,
        scores.reason_1,
        scores.reason_2,
        scores.reason_3
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
    left join {{ ref('int_outreach__interpreters') }} as interpreters
        on patients.patient_key = interpreters.patient_key

)

select
    {{ contract_columns() }}
from final
