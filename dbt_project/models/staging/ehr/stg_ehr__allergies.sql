select
    source_system,
    id as allergy_id,
    {{ patient_of('patient.reference') }} as patient_id,

    {{ has_code('[clinicalStatus]', 'active') }} as is_active,
    lower(records.clinicalStatus.coding[1].code) as clinical_status,
    lower(records.verificationStatus.coding[1].code) as verification_status,
    {{ codes_of('code') }} as codes,
    coalesce(records.code.coding[1].display, records.code.text) as code_name,

    onsetDateTime as onset_date_time,
    onsetPeriod as onset_period,
    onsetAge as onset_age,
    onsetRange as onset_range,
    lastOccurrence as last_occurrence_date_time,
    {{ fhir_date('recordedDate') }} as recorded_on
from {{ source('raw', 'ehr_allergy_intolerance') }} as records
{{ with_named('Patient', 'patient') }}
