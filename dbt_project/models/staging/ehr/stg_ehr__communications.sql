select
    source_system,
    id as communication_id,
    {{ patient_of('subject.reference') }} as patient_id,
    {{ id_of('encounter.reference') }} as encounter_id,

    {{ fhir_status('Communication') }} as status,
    {{ codes_of('statusReason') }} as not_done_reason_codes,
    {{ codes_of_each('category') }} as category_codes,
    coalesce(category[1].coding[1].display, category[1].text) as category_name,

    sent as sent_date_time,
    -- When it was written down that it was not sent
    {{ extension_value('extension', 'us-quality-core-recorded', 'valueDateTime') }} as recorded_date_time
from {{ source('raw', 'ehr_communication') }}
{{ with_named('Patient', 'subject') }}
