select
    source_system,
    id as immunization_id,
    {{ patient_of('patient.reference') }} as patient_id,
    {{ id_of('encounter.reference') }} as encounter_id,

    {{ fhir_status('Immunization') }} as status,
    {{ codes_of('vaccineCode') }} as codes,
    records.vaccineCode.coding[1].system as code_system,
    records.vaccineCode.coding[1].code as code,
    coalesce(records.vaccineCode.coding[1].display, records.vaccineCode.text) as code_name,
    {{ codes_of('statusReason') }} as not_done_reason_codes,

    occurrenceDateTime as occurrence_date_time,
    {{ fhir_date('occurrenceDateTime') }} as given_on
from {{ source('raw', 'ehr_immunization') }} as records
{{ with_named('Patient', 'patient') }}
