{%- set us_core = "'http://hl7.org/fhir/us/core/StructureDefinition/" %}
with patients as (

    select
        *,
        list_filter(extension, lambda e: e.url = {{ us_core }}us-core-race')[1].extension as race,
        list_filter(extension, lambda e: e.url = {{ us_core }}us-core-ethnicity')[1].extension as ethnicity,
        list_filter(extension, lambda e: e.url = {{ us_core }}us-core-sex')[1] as us_core_sex,
        list_filter(extension, lambda e: e.url = {{ us_core }}us-core-individual-sex')[1] as individual_sex,
        list_filter(extension, lambda e: e.url = {{ us_core }}us-core-birthsex')[1] as birth_sex,
        communication[1] as any_communication,
        list_filter(communication, lambda c: c.preferred)[1] as preferred_communication
    from {{ source('raw', 'ehr_patient') }}

)

select
    source_system,
    id as patient_id,
    {{ id_of('generalPractitioner[1].reference') }} as general_practitioner_id,
    {{ id_of('managingOrganization.reference') }} as managing_organization_id,

    -- Sex as the measures ask for it: US Core's extension, under its name of version 8 and 9, otherwise the sex at birth.
    coalesce(
        us_core_sex.valueCode,
        us_core_sex.valueCoding.code,
        us_core_sex.valueCodeableConcept.coding[1].code,
        individual_sex.valueCoding.code,
        individual_sex.valueCode,
        case coalesce(birth_sex.valueCode, birth_sex.valueCoding.code) when 'F' then '248152002' when 'M' then '248153007' end
    ) as us_core_sex_code,
    coalesce(
        {{ administrative_sex('gender') }},
        case us_core_sex_code when '248152002' then 'female' when '248153007' then 'male' end
    ) as sex,
    coalesce(birth_sex.valueCode, birth_sex.valueCoding.code) as birth_sex_code,
    {{ possible_birth_date(birth_day('birthDate')) }} as birth_date,
    {{ omb_category('race', 'race') }} as race,
    {{ omb_category('ethnicity', 'ethnicity') }} as ethnicity,
    -- Every race given, in OMB's categories and finer ones
    {{ codings_of("list_transform(list_filter(race, lambda part: part.url in ('ombCategory', 'detailed')), lambda part: part.valueCoding)") }} as race_codes,
    lower(split_part(coalesce(preferred_communication, any_communication).language.coding[1].code, '-', 1)) as language,

    coalesce(active, true) as is_active_record,
    coalesce(deceasedBoolean, trim(deceasedDateTime) <> '' and not {{ is_no_day('deceasedDateTime') }}, false) as is_deceased,
    case when not {{ is_no_day('deceasedDateTime') }} then {{ fhir_date('deceasedDateTime') }} end as deceased_on,
    _last_updated as updated_at
from patients
