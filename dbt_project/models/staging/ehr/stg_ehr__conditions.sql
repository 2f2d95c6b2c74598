select
    source_system,
    id as condition_id,
    {{ patient_of('subject.reference') }} as patient_id,
    {{ id_of('encounter.reference') }} as encounter_id,

    {{ codes_of('code') }} as codes,
    records.code.coding[1].system as code_system,
    records.code.coding[1].code as code,
    coalesce(records.code.coding[1].display, records.code.text) as code_name,
    {{ codes_of_each('bodySite') }} as body_site_codes,
    {{ codes_of('severity') }} as severity_codes,
    lower(records.clinicalStatus.coding[1].code) as clinical_status,
    lower(records.verificationStatus.coding[1].code) as verification_status,
    -- The category gives the kind; servers that omit it give it by the profile.
    {{ has_code('category', 'encounter-diagnosis') }}
    or (category is null and {{ claims_profile('encounter-diagnosis') }})
    -- Servers from before US Core give neither: what was recorded at a visit is a diagnosis of that visit. Synthea's record of
    -- 2019 had 37 patients with diabetes, and not one of them in a diabetes measure.
    or (category is null and coalesce(array_length(records.meta.profile), 0) = 0 and records.encounter.reference is not null) as is_encounter_diagnosis,
    {{ has_code('category', 'problem-list-item') }}
    or (category is null and {{ claims_profile('problems-health-concerns') }}) as is_problem_list_item,
    {{ has_code('category', 'health-concern') }} as is_health_concern,

    onsetDateTime as onset_date_time,
    onsetPeriod as onset_period,
    onsetAge as onset_age,
    onsetRange as onset_range,
    abatementDateTime as abatement_date_time,
    abatementPeriod as abatement_period,
    abatementAge as abatement_age,
    abatementRange as abatement_range,
    abatementString as abatement_string,
    {{ fhir_date('coalesce(onsetDateTime, onsetPeriod.start)') }} as onset_on,
    {{ fhir_date('coalesce(abatementDateTime, abatementPeriod."end")') }} as abated_on,
    recordedDate as recorded_date_time,
    {{ fhir_date('recordedDate') }} as recorded_on,
    _last_updated as recorded_at
from {{ source('raw', 'ehr_condition') }} as records
{{ with_named('Patient', 'subject') }}
