with dispenses as (

    select *, {{ id_of('medicationReference.reference') }} as medication_id
    from {{ source('raw', 'ehr_medication_dispense') }}

),

medications as (

    select * from {{ ref('stg_ehr__medications') }}

)

select
    dispenses.source_system,
    dispenses.id as medication_dispense_id,
    {{ patient_of('dispenses.subject.reference') }} as patient_id,

    {{ fhir_status('MedicationDispense', 'dispenses.status') }} as status,
    coalesce({{ codes_of('dispenses.medicationCodeableConcept') }}, medications.codes) as codes,
    coalesce(
        dispenses.medicationCodeableConcept.coding[1].display, dispenses.medicationCodeableConcept.text, medications.code_name
    ) as code_name,
    dispenses.quantity.value as quantity,
    dispenses.dosageInstruction as dosages,
    -- FHIR names the element for its unit: a bare number is days.
    {{ days_of('dispenses.daysSupply', without_unit=1) }} as days_supply,
    -- Pharmacies that do not follow a fill to the counter say when it was prepared alone.
    coalesce({{ fhir_date('dispenses.whenHandedOver') }}, {{ fhir_date('dispenses.whenPrepared') }}) as dispensed_on
from dispenses
{{ with_named('Patient', 'dispenses.subject', of='dispenses') }}
left join medications
    on dispenses.source_system = medications.source_system
    and dispenses.medication_id = medications.medication_id
