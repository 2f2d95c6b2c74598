select
    source_system,
    id as adverse_event_id,
    {{ patient_of('subject.reference') }} as patient_id,

    actuality,
    {{ codes_of('event') }} as codes,
    coalesce(records.event.coding[1].display, records.event.text) as code_name,

    -- The time of recording, only if the time of the event is unknown
    coalesce("date", recordedDate) as happened_date_time,
    {{ fhir_date('coalesce("date", recordedDate)') }} as happened_on
from {{ source('raw', 'ehr_adverse_event') }} as records
{{ with_named('Patient', 'subject') }}
