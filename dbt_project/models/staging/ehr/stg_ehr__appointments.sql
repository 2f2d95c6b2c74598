{{ config(materialized='table') }}
-- Six others read it: as a view its participants were looked up for each of them, a sixth of the SQL for 10,000 patients.
with

appointments as (

    select * from {{ source('raw', 'ehr_appointment') }}

),

participants as (

    select
        source_system,
        id,
        unnest(participant).actor as actor
    from appointments

),

-- A query and a slash at the end say nothing of the type.
said as (

    select
        *,
        rtrim(split_part(actor.reference, '?', 1), ' /') as reference,
        {{ identifier_of('actor') }} as identifier
    from participants

),

-- A reference such as `urn:uuid:…` does not give the type.
known as (

    select source_system, patient_id as actor_id, 'Patient' as actor_type from {{ ref('stg_ehr__patients') }}
    union all
    select source_system, practitioner_id as actor_id, 'Practitioner' as actor_type from {{ ref('stg_ehr__practitioners') }}
    union all
    select source_system, location_id as actor_id, 'Location' as actor_type from {{ ref('stg_ehr__locations') }}

),

typed as (

    select
        source_system,
        id,
        {{ id_of('reference') }} as actor_id,
        identifier,
        nullif(
            case
                when identifier is not null then regexp_extract(reference, '([A-Za-z]+)$', 1)
                else upper(left(regexp_extract(reference, '([A-Za-z]+)/[^/]*(/_history/[^/]*)?$', 1), 1))
                    || substr(regexp_extract(reference, '([A-Za-z]+)/[^/]*(/_history/[^/]*)?$', 1), 2)
            end, ''
        ) as actor_type
    from said

),

-- The id to look for without a type; null if the type is given. As a condition of the join instead of an equality, it made
-- DuckDB compare every participant with every person: 441 s for 800,000 appointments.
sought as (

    select
        *,
        case when actor_type is null and identifier is null then actor_id end as untyped_actor_id,
        case when identifier is not null then coalesce(actor_type, '') end as named_type,
        case when actor_type = 'PractitionerRole' then actor_id end as role_id,
        case when actor_type = 'Group' then actor_id end as group_id
    from typed

),

-- What an identifier names, by its type and, for a reference that gives none, without.
named as (

    select *, record_type as named_type from {{ ref('stg_ehr__identified_records') }}
    union all
    select *, '' as named_type from {{ ref('stg_ehr__identified_records') }}

),

actors as (

    select
        sought.source_system,
        sought.id,
        coalesce(sought.actor_type, known.actor_type, named.record_type) as actor_type,
        case
            when sought.actor_type = 'PractitionerRole' then roles.practitioner_id
            when sought.actor_type = 'Group' then members.patient_id
            when sought.identifier is not null then named.record_id
            else sought.actor_id
        end as actor_id
    from sought
    left join known
        on sought.source_system = known.source_system
        and sought.untyped_actor_id = known.actor_id
    left join named
        on sought.source_system = named.source_system
        and sought.identifier = named.identifier
        and sought.named_type = named.named_type
    left join {{ ref('stg_ehr__practitioner_roles') }} as roles
        on sought.source_system = roles.source_system
        and sought.role_id = roles.practitioner_role_id
    left join {{ ref('stg_ehr__group_members') }} as members
        on sought.source_system = members.source_system
        and sought.group_id = members.group_id

),

places as (

    select
        source_system,
        id,
        coalesce(
            min(actor_id) filter (where actor_type = 'Practitioner'), min(actor_id) filter (where actor_type = 'PractitionerRole')
        ) as practitioner_id,
        min(actor_id) filter (where actor_type = 'Location') as location_id
    from actors
    group by source_system, id

),

-- A class or a family visit has one row a patient. Its key does not depend on the order or the number of the others.
patients as (

    select
        source_system,
        id,
        actor_id as patient_id,
        count(*) over (partition by source_system, id) > 1 as is_shared
    from actors
    where actor_type in ('Patient', 'Group') and actor_id is not null
    group by source_system, id, actor_id

)

select
    appointments.source_system,
    appointments.id || case when patients.is_shared then '/' || patients.patient_id else '' end as appointment_id,
    appointments.id as booking_id,
    coalesce(patients.is_shared, false) as is_shared,
    patients.patient_id,
    places.practitioner_id,
    places.location_id,
    {{ fhir_status('Appointment', 'appointments.status') }} as status,
    appointments.appointmentType.coding[1].code as appointment_type_code,
    appointments.cancelationReason.coding[1].code as cancellation_reason_code,
    -- http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason: `pat`, `pat-crs` … and `prov`, `prov-pers` …
    case
        when appointments.cancelationReason.coding[1].code like 'pat%' then 'patient'
        when appointments.cancelationReason.coding[1].code like 'prov%' then 'practice'
    end as cancelled_by,
    {{ fhir_instant(appointment_extension('cancelled-at') ~ '.valueDateTime') }} as cancelled_at,
    {{ fhir_instant('appointments.created') }} as booked_at,
    {{ fhir_date('appointments.created') }} as booked_on,
    {{ appointment_extension('booked-via') }}.valueCode as booked_via,
    {{ fhir_instant('appointments.start') }} as starts_at,
    {{ fhir_date('appointments.start') }} as starts_on,
    {{ fhir_instant('appointments."end"') }} as ends_at,
    coalesce(
        appointments.minutesDuration,
        {{ dbt.datediff(fhir_instant('appointments.start'), fhir_instant('appointments."end"'), 'minute') }}
    ) as duration_minutes,
    {{ fhir_instant(appointment_extension('checked-in-at') ~ '.valueDateTime') }} as checked_in_at,
    {{ appointment_extension('rebooked-from') }}.valueString as rebooked_from_appointment_id,
    -- R4 has no flag for it: v3 ActCode `VR`, or the schedule's own words.
    regexp_matches(
        lower(to_json([appointments.serviceType, [appointments.appointmentType]])), '"vr"|telehealth|telemedicine|video visit|virtual'
    ) as is_telehealth,
    appointments._last_updated as recorded_at
from appointments
left join patients
    on appointments.source_system = patients.source_system
    and appointments.id = patients.id
left join places
    on appointments.source_system = places.source_system
    and appointments.id = places.id
