-- The diagnoses that a claim's item was for, of each visit that the item names
with items as (

    select
        source_system,
        id as claim_id,
        {{ patient_of('patient.reference') }} as patient_id,
        status,
        use,
        diagnosis as diagnoses,
        unnest(item) as item
    from {{ source('raw', 'ehr_claim') }}
    {{ with_named('Patient', 'patient') }}

),

diagnoses as (

    select
        *,
        unnest(list_filter(diagnoses, lambda one: list_contains(item.diagnosisSequence, one.sequence))) as diagnosis
    from items

)

select distinct
    source_system,
    claim_id,
    patient_id,
    status,
    use,
    unnest({{ ids_of('item.encounter') }}) as encounter_id,
    diagnosis.sequence as diagnosis_number,
    {{ has_code('diagnosis."type"', 'principal') }} as is_principal,
    {{ codes_of('diagnosis.diagnosisCodeableConcept') }} as codes,
    {{ id_of('diagnosis.diagnosisReference.reference') }} as condition_id
from diagnoses
