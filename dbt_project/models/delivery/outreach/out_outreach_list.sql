with

candidates as (

    select * from {{ ref('out_outreach_candidates') }}
    where suppress_reason is null

),

locations as (

    select * from {{ ref('dim_locations') }}

),

-- The CRM contact that receives the task: the one linked to the person with the highest confidence.
contacts as (

    select
        patient_key,
        source_system as contact_source_system,
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

),

final as (

    select
        ordered.patient_key,
        contacts.contact_source_system,
        contacts.contact_id,
        ordered.mrn,
        ordered.first_name,
        ordered.last_name,
        ordered.language,
        coalesce(interpreters.needs_interpreter, false) as needs_interpreter,
        ordered.home_location_key as location_key,
        locations.location_name,
        {{ as_of_on() }} as listed_on,
        ordered.priority_rank,
        ordered.is_clinically_urgent
        or ordered.priority_rank <= {{ outreach_capacity('locations.location_id') }} as is_within_capacity,
        ordered.list_reason,
        ordered.tier,
        ordered.is_clinically_urgent,
        ordered.score,
        ordered.expected_benefit_usd,
        ordered.method,
        ordered.model_version,
        ordered.index_on,
        ordered.why,
        coalesce(ordered.urgent_findings, ordered.reason_1, {{ lapse_in_words('ordered') }}, 'care gaps are open') as reason_1,
        case when ordered.is_clinically_urgent then ordered.reason_1 else ordered.reason_2 end as reason_2,
        case when ordered.is_clinically_urgent then ordered.reason_2 else ordered.reason_3 end as reason_3,
        ordered.n_open_gaps,
        ordered.open_gaps,
        ordered.last_visit_on,
        ordered.next_appointment_at,
        ordered.recommended_channel,
        ordered.recommended_hour,
        ordered.not_before_at,
        ordered.not_after_at,
        ordered.contact_point,
        ordered.consent_recorded_on,
        ordered.last_contacted_on,
        ordered.last_contact_channel,
        ordered.last_contact_outcome,
        ordered.n_attempts_30_days,
        {{ as_of_on() }} + 14 as next_eligible_on,
        assignments.assigned_to,
        {{ as_of_on() }} + case when ordered.is_clinically_urgent then 1 when ordered.tier = 'high' then 7 else 14 end as due_on,
        case
            when ordered.is_clinically_urgent and ordered.next_appointment_at is not null
                then 'Reach the patient today and offer an earlier visit'
            when ordered.is_clinically_urgent then 'Reach the patient today and offer the next free visit'
            when ordered.next_appointment_at is null then 'Offer a visit'
            -- A gap must be closed within the year.
            when ordered.n_open_gaps > 0 and year({{ practice_date('ordered.next_appointment_at') }}) > year({{ as_of_on() }})
                then 'Offer an earlier visit'
            else 'Remind of the booked visit'
        end || coalesce('. For the clinician: ' || ordered.first_action, '') as next_action
    from ordered
    left join locations
        on ordered.home_location_key = locations.location_key
    left join contacts
        on ordered.patient_key = contacts.patient_key
    left join assignments
        on ordered.patient_key = assignments.patient_key
    left join {{ ref('int_outreach__interpreters') }} as interpreters
        on ordered.patient_key = interpreters.patient_key

)

select
    {{ contract_columns() }}
from final
