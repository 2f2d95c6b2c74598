with requests as (

    select *, {{ id_of('medicationReference.reference') }} as medication_id
    from {{ source('raw', 'ehr_medication_request') }}

),

medications as (

    select * from {{ ref('stg_ehr__medications') }}

)

select
    requests.source_system,
    requests.id as medication_request_id,
    {{ patient_of('requests.subject.reference') }} as patient_id,
    {{ id_of('requests.encounter.reference') }} as encounter_id,
    {{ id_of('requests.requester.reference') }} as requester_id,

    {{ fhir_status('MedicationRequest', 'requests.status') }} as status,
    requests.intent,
    coalesce(requests.doNotPerform, false) as is_not_to_be_given,
    coalesce({{ codes_of('requests.medicationCodeableConcept') }}, medications.codes) as codes,
    coalesce(
        requests.medicationCodeableConcept.coding[1].display, requests.medicationCodeableConcept.text, medications.code_name
    ) as code_name,
    {{ codes_of_each('requests.reasonCode') }} as reason_codes,

    requests.authoredOn as authored_date_time,
    {{ fhir_date('requests.authoredOn') }} as authored_on,
    requests.dosageInstruction as dosages,
    requests.dispenseRequest as dispense_request
from requests
{{ with_named('Patient', 'requests.subject', of='requests') }}
left join medications
    on requests.source_system = medications.source_system
    and requests.medication_id = medications.medication_id
