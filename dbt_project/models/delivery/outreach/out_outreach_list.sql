with

candidates as (

    select * from {{ ref('out_outreach_candidates') }}
    where suppress_reason is null

),

locations as (

    select * from {{ ref('dim_locations') }}

),

-- Where the list goes back to: the CRM contact that was linked to the person most surely.
contacts as (

    select
        patient_key,
        source_id as contact_id
    from {{ ref('dim_patient_links') }}
    where source_record_type = 'crm_contact'
    qualify row_number() over (partition by patient_key order by confidence desc, source_system, source_id) = 1

),

assignments as (

    select * from {{ ref('int_outreach__assignments') }}

),

ordered as (

    select
        *,
        row_number() over (
            partition by home_location_key
            order by
                is_clinically_urgent desc,
                expected_benefit_usd desc,
                patient_key
        ) as priority_rank
    from candidates

)

select
    cast(ordered.patient_key as bigint) as patient_key,
    cast(contacts.contact_id as varchar) as contact_id,
    cast(ordered.mrn as varchar) as mrn,
    cast(ordered.first_name as varchar) as first_name,
    cast(ordered.last_name as varchar) as last_name,
    cast(ordered.language as varchar) as language,
    cast(ordered.home_location_key as bigint) as location_key,
    cast(locations.location_name as varchar) as location_name,
    cast({{ as_of_on() }} as date) as listed_on,
    cast(ordered.priority_rank as bigint) as priority_rank,
    cast(ordered.is_clinically_urgent or ordered.priority_rank <= {{ outreach_capacity('locations.location_id') }} as boolean)
        as is_within_capacity,
    cast(ordered.list_reason as varchar) as list_reason,
    cast(ordered.tier as varchar) as tier,
    cast(ordered.is_clinically_urgent as boolean) as is_clinically_urgent,
    cast(ordered.score as double) as score,
    cast(ordered.expected_benefit_usd as double) as expected_benefit_usd,
    cast(ordered.method as varchar) as method,
    cast(ordered.model_version as varchar) as model_version,
    cast(ordered.index_on as date) as index_on,
    cast(coalesce(ordered.urgent_findings, ordered.reason_1, {{ lapse_in_words('ordered') }}, 'care gaps are open') as varchar) as reason_1,
    cast(case when ordered.is_clinically_urgent then ordered.reason_1 else ordered.reason_2 end as varchar) as reason_2,
    cast(case when ordered.is_clinically_urgent then ordered.reason_2 else ordered.reason_3 end as varchar) as reason_3,
    cast(ordered.n_open_gaps as bigint) as n_open_gaps,
    cast(ordered.open_gaps as varchar) as open_gaps,
    cast(ordered.last_visit_on as date) as last_visit_on,
    cast(ordered.next_appointment_at as timestamptz) as next_appointment_at,
    cast(ordered.recommended_channel as varchar) as recommended_channel,
    cast(ordered.recommended_hour as bigint) as recommended_hour,
    cast(ordered.not_before_at as timestamptz) as not_before_at,
    cast(ordered.not_after_at as timestamptz) as not_after_at,
    cast(ordered.contact_point as varchar) as contact_point,
    cast(ordered.consent_recorded_on as date) as consent_recorded_on,
    cast(ordered.last_contacted_on as date) as last_contacted_on,
    cast(ordered.last_contact_channel as varchar) as last_contact_channel,
    cast(ordered.last_contact_outcome as varchar) as last_contact_outcome,
    cast(ordered.n_attempts_30_days as bigint) as n_attempts_30_days,
    cast({{ as_of_on() }} + 14 as date) as next_eligible_on,
    cast(assignments.assigned_to as varchar) as assigned_to,
    cast(
        {{ as_of_on() }} + case when ordered.is_clinically_urgent then 1 when ordered.tier = 'high' then 7 else 14 end as date
    ) as due_on,
    cast(
        case
            when ordered.is_clinically_urgent and ordered.next_appointment_at is not null
                then 'Reach the patient today and offer an earlier visit'
            when ordered.is_clinically_urgent then 'Reach the patient today and offer the next free visit'
            when ordered.next_appointment_at is null then 'Offer a visit'
            -- A gap has to be closed within the year.
            when ordered.n_open_gaps > 0 and year({{ practice_date('ordered.next_appointment_at') }}) > year({{ as_of_on() }})
                then 'Offer an earlier visit'
            else 'Remind of the booked visit'
        end || coalesce('; then: ' || ordered.first_action, '') as varchar
    ) as next_action
from ordered
left join locations
    on ordered.home_location_key = locations.location_key
left join contacts
    on ordered.patient_key = contacts.patient_key
left join assignments
    on ordered.patient_key = assignments.patient_key
