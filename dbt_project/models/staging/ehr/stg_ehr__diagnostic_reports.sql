select
    source_system,
    id as diagnostic_report_id,
    {{ id_of('subject.reference') }} as patient_id,
    {{ id_of('encounter.reference') }} as encounter_id,

    status,
    {{ codes_of('code') }} as codes,
    code.coding[1].system as code_system,
    code.coding[1].code as code,
    coalesce(code.coding[1].display, code.text) as code_name,
    {{ codes_of_each('category') }} as category_codes,

    {{ fhir_date('coalesce(effectiveDateTime, effectiveInstant, effectivePeriod."end", effectivePeriod.start)') }} as effective_on,
    {{ fhir_date('issued') }} as issued_on,
    len(result) as n_results
from {{ source('raw', 'ehr_diagnostic_report') }}
