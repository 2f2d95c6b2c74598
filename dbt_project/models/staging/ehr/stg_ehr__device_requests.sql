select
    source_system,
    id as device_request_id,
    {{ patient_of('subject.reference') }} as patient_id,

    {{ fhir_status('DeviceRequest') }} as status,
    intent,
    -- R4 has no such element: R5's comes as a modifier extension
    coalesce(
        list_filter(modifierExtension, lambda e: ends_with(e.url, 'extension-DeviceRequest.doNotPerform'))[1].valueBoolean, false
    ) as is_not_to_be_done,
    {{ codes_of('codeCodeableConcept') }} as codes,
    coalesce(codeCodeableConcept.coding[1].display, codeCodeableConcept.text) as code_name,

    authoredOn as authored_date_time,
    {{ fhir_date('authoredOn') }} as authored_on
from {{ source('raw', 'ehr_device_request') }}
{{ with_named('Patient', 'subject') }}
