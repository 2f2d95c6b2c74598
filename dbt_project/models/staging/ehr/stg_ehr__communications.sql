select
    source_system,
    id as communication_id,
    {{ id_of('subject.reference') }} as patient_id,
    {{ id_of('encounter.reference') }} as encounter_id,
    list_transform(basedOn, lambda r: {{ id_of('r.reference') }}) as based_on_ids,

    status,
    {{ codes_of_each('category') }} as category_codes,
    medium[1].coding[1].code as medium_code,
    {{ codes_of_each('reasonCode') }} as reason_codes,

    {{ fhir_instant('sent') }} as sent_at,
    {{ fhir_date('sent') }} as sent_on,
    {{ fhir_instant('received') }} as received_at
from {{ source('raw', 'ehr_communication') }}
