select
    source_system,
    id as service_request_id,
    {{ patient_of('subject.reference') }} as patient_id,
    {{ id_of('encounter.reference') }} as encounter_id,
    {{ id_of('requester.reference') }} as requester_id,

    {{ fhir_status('ServiceRequest') }} as status,
    intent,
    priority,
    coalesce(doNotPerform, false) as is_not_to_be_done,
    {{ codes_of('code') }} as codes,
    records.code.coding[1].system as code_system,
    records.code.coding[1].code as code,
    coalesce(records.code.coding[1].display, records.code.text) as code_name,
    {{ codes_of_each('reasonCode') }} as reason_codes,
    {{ codes_of(extension_value('extension', 'us-quality-core-doNotPerformReason', 'valueCodeableConcept')) }} as not_done_reason_codes,

    authoredOn as authored_date_time,
    {{ fhir_date('authoredOn') }} as authored_on,
    {{ fhir_date('coalesce(occurrenceDateTime, occurrencePeriod.start)') }} as due_on,
    _last_updated as recorded_at
from {{ source('raw', 'ehr_service_request') }} as records
{{ with_named('Patient', 'subject') }}
