with encounters as (

    select
        *,
        list_filter(participant, lambda p: coalesce(p.individual.reference, p.individual.identifier.value) is not null)[1].individual as who,
        location[1].location as site
    from {{ source('raw', 'ehr_encounter') }}

),

-- A role means the practitioner who has it.
roles as (

    select * from {{ ref('stg_ehr__practitioner_roles') }}

)

select
    encounters.source_system,
    encounters.id as encounter_id,
    {{ patient_of('encounters.subject.reference') }} as patient_id,
    coalesce(roles.practitioner_id, practitioner_named.named_id, {{ id_of('encounters.who.reference') }}) as practitioner_id,
    coalesce(location_named.named_id, {{ id_of('encounters.site.reference') }}) as location_id,
    {{ ids_of('list_transform(encounters.location, lambda place: place.location)') }} as location_ids,
    {{ id_of('encounters.appointment[1].reference') }} as appointment_id,
    coalesce(organization_named.named_id, {{ id_of('encounters.serviceProvider.reference') }}) as organization_id,

    {{ fhir_status('Encounter', 'encounters.status') }} as status,
    {{ encounter_class('encounters."class"') }} as class_code,
    {{ codes_of_each('encounters."type"') }} as type_codes,
    encounters."type"[1].coding[1].code as type_code,
    coalesce(encounters."type"[1].coding[1].display, encounters."type"[1].text) as type_name,
    -- HL7 v3 ActCode `VR`; the SNOMED CT types are telemedicine consultation and telephone encounter
    coalesce(
        {{ encounter_class('encounters."class"') }} = 'VR'
        or regexp_matches({{ codes_of_each('encounters."type"') }}, '\|(448337001|185317003|314849005|386472008|401267002)(;|$)'),
        false
    ) as is_telehealth,
    {{ codes_of_each('encounters.reasonCode') }} as reason_codes,
    {{ ids_of('encounters.reasonReference') }} as reason_condition_ids,
    {{ codes_of('encounters.hospitalization.dischargeDisposition') }} as discharge_codes,

    encounters.period.start as period_start,
    encounters.period."end" as period_end,
    {{ fhir_instant('encounters.period.start') }} as started_at,
    {{ fhir_instant('encounters.period."end"') }} as ended_at,
    {{ fhir_date('encounters.period.start') }} as started_on,
    {{ fhir_date('encounters.period."end"') }} as ended_on,
    encounters._last_updated as recorded_at
from encounters
left join roles
    on encounters.source_system = roles.source_system
    and case when contains(encounters.who.reference, 'PractitionerRole/') then {{ id_of('encounters.who.reference') }} end
    = roles.practitioner_role_id
{{ with_named('Patient', 'encounters.subject', of='encounters') }}
{{ with_named('Practitioner', 'encounters.who', name='practitioner', of='encounters') }}
{{ with_named('Location', 'encounters.site', name='location', of='encounters') }}
{{ with_named('Organization', 'encounters.serviceProvider', name='organization', of='encounters') }}
