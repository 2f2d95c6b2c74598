select
    source_system,
    id as immunization_id,
    {{ patient_of('patient.reference') }} as patient_id,
    {{ id_of('encounter.reference') }} as encounter_id,

    {{ fhir_status('Immunization') }} as status,
    {{ codes_of('vaccineCode') }} as codes,
    vaccineCode.coding[1].system as code_system,
    vaccineCode.coding[1].code as code,
    coalesce(vaccineCode.coding[1].display, vaccineCode.text) as code_name,
    {{ codes_of('statusReason') }} as not_done_reason_codes,

    occurrenceDateTime as occurrence_date_time,
    {{ fhir_date('occurrenceDateTime') }} as given_on
from {{ source('raw', 'ehr_immunization') }}
{{ with_named('Patient', 'patient') }}
