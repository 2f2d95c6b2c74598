select
    source_system,
    id as encounter_id,
    {{ id_of('subject.reference') }} as patient_id,
    {{ id_of('list_filter(participant, lambda p: p.individual.reference is not null)[1].individual.reference') }} as practitioner_id,
    {{ id_of('location[1].location.reference') }} as location_id,
    {{ id_of('appointment[1].reference') }} as appointment_id,
    {{ id_of('serviceProvider.reference') }} as organization_id,

    status,
    {{ encounter_class('"class"') }} as class_code,
    {{ codes_of_each('"type"') }} as type_codes,
    "type"[1].coding[1].code as type_code,
    coalesce("type"[1].coding[1].display, "type"[1].text) as type_name,
    -- HL7 v3 ActCode `VR`; the SNOMED CT types are telemedicine consultation and telephone encounter
    coalesce(
        {{ encounter_class('"class"') }} = 'VR'
        or regexp_matches({{ codes_of_each('"type"') }}, '\|(448337001|185317003|314849005|386472008|401267002)(;|$)'),
        false
    ) as is_telehealth,
    {{ codes_of_each('reasonCode') }} as reason_codes,
    {{ codes_of('hospitalization.dischargeDisposition') }} as discharge_codes,

    period.start as period_start,
    period."end" as period_end,
    {{ fhir_instant('period.start') }} as started_at,
    {{ fhir_instant('period."end"') }} as ended_at,
    {{ fhir_date('period.start') }} as started_on,
    {{ fhir_date('period."end"') }} as ended_on,
    _last_updated as recorded_at
from {{ source('raw', 'ehr_encounter') }}
