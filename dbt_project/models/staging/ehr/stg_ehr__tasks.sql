select
    source_system,
    id as task_id,
    {{ patient_of('"for".reference') }} as patient_id,
    {{ id_of('focus.reference') }} as focus_id,
    {{ ids_of('basedOn') }} as based_on_ids,

    {{ fhir_status('Task') }} as status,
    intent,
    {{ codes_of('code') }} as codes,
    {{ codes_of('reasonCode') }} as reason_codes,
    coalesce(records.reasonCode.coding[1].display, records.reasonCode.text) as reason_name,

    executionPeriod as execution_period,
    authoredOn as authored_date_time,
    {{ fhir_date('executionPeriod."end"') }} as executed_on,
    {{ fhir_date('authoredOn') }} as authored_on
from {{ source('raw', 'ehr_task') }} as records
{{ with_named('Patient', '"for"') }}
