select
    source_system,
    id as procedure_id,
    {{ patient_of('subject.reference') }} as patient_id,
    {{ id_of('encounter.reference') }} as encounter_id,

    {{ fhir_status('Procedure') }} as status,
    {{ codes_of('code') }} as codes,
    records.code.coding[1].system as code_system,
    records.code.coding[1].code as code,
    coalesce(records.code.coding[1].display, records.code.text) as code_name,
    {{ codes_of_each('reasonCode') }} as reason_codes,
    {{ codes_of('statusReason') }} as not_done_reason_codes,

    -- When it was written down that it was not done
    {{ extension_value('extension', 'us-quality-core-recorded', 'valueDateTime') }} as recorded_date_time,
    performedDateTime as performed_date_time,
    performedPeriod as performed_period,
    performedAge as performed_age,
    performedRange as performed_range,
    {{ fhir_date('coalesce(performedDateTime, performedPeriod."end", performedPeriod.start)') }} as performed_on
from {{ source('raw', 'ehr_procedure') }} as records
{{ with_named('Patient', 'subject') }}
