select
    source_system,
    id as device_request_id,
    {{ patient_of('subject.reference') }} as patient_id,

    {{ fhir_status('DeviceRequest') }} as status,
    intent,
    -- R4 has no such element: R5's comes as a modifier extension
    coalesce(
        {{ extension_value('modifierExtension', 'extension-DeviceRequest.doNotPerform', 'valueBoolean') }}, false
    ) as is_not_to_be_done,
    {{ codes_of('codeCodeableConcept') }} as codes,
    coalesce(records.codeCodeableConcept.coding[1].display, records.codeCodeableConcept.text) as code_name,

    authoredOn as authored_date_time,
    {{ fhir_date('authoredOn') }} as authored_on
from {{ source('raw', 'ehr_device_request') }} as records
{{ with_named('Patient', 'subject') }}
