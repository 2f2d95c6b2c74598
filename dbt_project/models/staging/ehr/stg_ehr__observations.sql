with records as (

    select
        *,
        {{ codes_of_each('category') }} as category_codes,
        array_to_string(meta.profile, ' ') as profiles
    from {{ source('raw', 'ehr_observation') }}

)

select
    source_system,
    id as observation_id,
    {{ patient_of('subject.reference') }} as patient_id,
    {{ id_of('encounter.reference') }} as encounter_id,

    {{ fhir_status('Observation') }} as status,
    {{ codes_of('code') }} as codes,
    records.code.coding[1].system as code_system,
    records.code.coding[1].code as code,
    coalesce(records.code.coding[1].display, records.code.text) as code_name,
    records.category_codes,
    {{ is_among('imaging', 'records.category_codes') }} as is_imaging,
    {{ is_among('exam', 'records.category_codes') }} as is_exam,
    {{ is_among('laboratory', 'records.category_codes') }} or coalesce(contains(records.profiles, 'observation-lab'), false) as is_laboratory,
    coalesce(contains(records.profiles, 'us-core-smokingstatus'), false)
    or (records.meta.profile is null and {{ is_among('social-history', 'records.category_codes') }}) as is_social_history,
    records.profiles,

    coalesce(effectiveDateTime, effectiveInstant) as effective_date_time,
    effectivePeriod as effective_period,
    {{ fhir_date('coalesce(effectiveDateTime, effectiveInstant, effectivePeriod."end", effectivePeriod.start)') }} as effective_on,
    issued,

    -- Any result at all, whatever its type; only then a measure may call the test resulted
    valueQuantity is not null
    or valueCodeableConcept is not null
    or valueString is not null
    or valueBoolean is not null
    or valueInteger is not null
    or valueDateTime is not null
    or valueTime is not null
    or valuePeriod is not null
    or valueRange is not null
    or valueRatio is not null
    or valueSampledData is not null as has_value,
    records.valueQuantity.value as value_quantity,
    records.valueQuantity.comparator as value_comparator,
    coalesce(records.valueQuantity.code, records.valueQuantity.unit) as value_unit,
    valueInteger as value_integer,
    {{ codes_of('valueCodeableConcept') }} as value_codes,
    coalesce(records.valueCodeableConcept.coding[1].display, records.valueCodeableConcept.text, records.valueCodeableConcept.coding[1].code) as value_name,
    coalesce(
        valueString, cast(valueInteger as varchar), cast(valueBoolean as varchar), valueDateTime
    ) as value_text,
    {{ codes_of(extension_value('extension', 'us-quality-core-notDoneReason', 'valueCodeableConcept')) }} as not_done_reason_codes
from records
{{ with_named('Patient', 'subject') }}
