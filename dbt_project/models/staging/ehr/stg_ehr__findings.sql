{#- What the other models of this folder read otherwise than it is written, or cannot read. -#}
{%- set dates = {
    'Patient': ('ehr_patient', ['birthDate', 'deceasedDateTime']),
    'Encounter': ('ehr_encounter', ['period.start', 'period."end"']),
    'Appointment': ('ehr_appointment', ['start', '"end"', 'created']),
    'Condition': ('ehr_condition', ['onsetDateTime', 'onsetPeriod.start', 'abatementDateTime', 'recordedDate']),
    'Observation': ('ehr_observation', ['effectiveDateTime', 'effectiveInstant', 'effectivePeriod.start', 'effectivePeriod."end"']),
    'Procedure': ('ehr_procedure', ['performedDateTime', 'performedPeriod.start', 'performedPeriod."end"']),
    'Immunization': ('ehr_immunization', ['occurrenceDateTime']),
    'MedicationRequest': ('ehr_medication_request', ['authoredOn']),
    'MedicationDispense': ('ehr_medication_dispense', ['whenHandedOver', 'whenPrepared']),
    'ServiceRequest': ('ehr_service_request', ['authoredOn']),
    'DeviceRequest': ('ehr_device_request', ['authoredOn']),
    'Coverage': ('ehr_coverage', ['period.start', 'period."end"']),
    'AllergyIntolerance': ('ehr_allergy_intolerance', ['onsetDateTime', 'lastOccurrence', 'recordedDate']),
    'Communication': ('ehr_communication', ['sent']),
    'AdverseEvent': ('ehr_adverse_event', ['date']),
    'Task': ('ehr_task', ['executionPeriod."end"', 'authoredOn']),
} %}
{%- set patients = {
    'Encounter': ('ehr_encounter', 'subject'),
    'Condition': ('ehr_condition', 'subject'),
    'Observation': ('ehr_observation', 'subject'),
    'Procedure': ('ehr_procedure', 'subject'),
    'Immunization': ('ehr_immunization', 'patient'),
    'MedicationRequest': ('ehr_medication_request', 'subject'),
} %}
{%- set statuses = {
    'Encounter': 'ehr_encounter',
    'Appointment': 'ehr_appointment',
    'Observation': 'ehr_observation',
    'Procedure': 'ehr_procedure',
    'Immunization': 'ehr_immunization',
    'MedicationRequest': 'ehr_medication_request',
    'MedicationDispense': 'ehr_medication_dispense',
    'ServiceRequest': 'ehr_service_request',
    'DeviceRequest': 'ehr_device_request',
    'Communication': 'ehr_communication',
    'Task': 'ehr_task',
} %}
with

{%- for extract, (table, fields) in dates.items() %}
{% set i = loop.index %}
{%- for field in fields %}

dates_{{ i }}_{{ loop.index }} as (

    select
        source_system,
        _file_key as file_key,
        _row_number as row_number,
        '{{ extract }}' as extract,
        '{{ field | replace('"', '') }}' as field,
        case when {{ is_unreadable_date(field) }} or {{ is_partial_date(field) }} then 'unknown' else 'mapped' end as kind,
        case
            when {{ is_unreadable_date(field) }} then 'is not a date that can be read, and is taken for unknown'
            when {{ is_partial_date(field) }} then 'is a year or a month alone, and its day is taken for unknown'
            else 'has no offset, and is read as the local time of the practice'
        end as finding
    from {{ source('raw', table) }}
    where {{ is_unreadable_date(field) }} or {{ is_partial_date(field) }} or {{ is_local_time(field) }}

),
{%- endfor %}
{%- endfor %}
{%- for extract, (table, field) in patients.items() %}

patients_{{ loop.index }} as (

    select
        records.source_system,
        records._file_key as file_key,
        records._row_number as row_number,
        '{{ extract }}' as extract,
        '{{ field }}' as field,
        'unmatched' as kind,
        'names no patient that was delivered' as finding
    from {{ source('raw', table) }} as records
    left join {{ source('raw', 'ehr_patient') }} as patients
        on records.source_system = patients.source_system
        and {{ patient_of('records.' ~ field ~ '.reference') }} = patients.id
    where patients.id is null

),
{%- endfor %}

{%- for extract, table in statuses.items() %}
{% set codes = "('" ~ fhir_status_codes(extract) | join("', '") ~ "')" %}

statuses_{{ loop.index }} as (

    select
        source_system,
        _file_key as file_key,
        _row_number as row_number,
        '{{ extract }}' as extract,
        'status' as field,
        case when {{ fhir_status(extract) }} in {{ codes }} then 'mapped' else 'unknown' end as kind,
        case
            when {{ fhir_status(extract) }} in {{ codes }} then 'is not written as a FHIR code, and is read as the one that it means'
            when coalesce(status, '') = '' then 'is missing, and the record counts as none that was carried out'
            else 'is a word that is not known, and the record counts as none that was carried out'
        end as finding
    from {{ source('raw', table) }}
    where coalesce(status, '') not in {{ codes }}

),
{%- endfor %}

sexes as (

    select
        source_system,
        _file_key as file_key,
        _row_number as row_number,
        'Patient' as extract,
        'gender' as field,
        case when {{ administrative_sex('gender') }} = 'unknown' then 'unknown' else 'mapped' end as kind,
        case
            when {{ administrative_sex('gender') }} = 'unknown' then 'is a word that is not known, and is taken for unknown'
            else 'is not written as a FHIR code, and is read as the one that it means'
        end as finding
    from {{ source('raw', 'ehr_patient') }}
    where gender <> {{ administrative_sex('gender') }}

),

birth_dates as (

    select
        source_system,
        _file_key as file_key,
        _row_number as row_number,
        'Patient' as extract,
        'birthDate' as field,
        'unknown' as kind,
        {{ impossible_birth_date() }} as finding
    from {{ source('raw', 'ehr_patient') }}
    where try_cast(birthDate as date) is not null and {{ possible_birth_date('try_cast(birthDate as date)') }} is null

),

classes as (

    select
        source_system,
        _file_key as file_key,
        _row_number as row_number,
        'Encounter' as extract,
        'class' as field,
        case when {{ encounter_class('"class"') }} in {{ act_encounter_codes() }} then 'mapped' else 'unknown' end as kind,
        case
            when {{ encounter_class('"class"') }} in {{ act_encounter_codes() }} then 'is a local class, and is read as the one that it means'
            else 'is not known, and the visit counts: name it in encounter_classes'
        end as finding
    from {{ source('raw', 'ehr_encounter') }}
    where {{ fhir_status('Encounter') }} = 'finished' and coalesce("class".code, '') not in {{ act_encounter_codes() }}

),

open_visits as (

    select
        source_system,
        _file_key as file_key,
        _row_number as row_number,
        'Encounter' as extract,
        'period.end' as field,
        'doubtful' as kind,
        'is missing though the visit is finished' as finding
    from {{ source('raw', 'ehr_encounter') }}
    where {{ fhir_status('Encounter') }} = 'finished' and period."end" is null

),

supplies as (

    select
        source_system,
        _file_key as file_key,
        _row_number as row_number,
        'MedicationDispense' as extract,
        'daysSupply' as field,
        'unknown' as kind,
        'has a unit that is no UCUM unit of time, and the fill counts in no adherence' as finding
    from {{ source('raw', 'ehr_medication_dispense') }}
    where daysSupply.value is not null and {{ days_of('daysSupply', without_unit=1) }} is null

),

-- The measures ask for the profile of US Core, which is panel 85354-9 with both parts in it (QI-Core `USCoreBloodPressureProfile`).
blood_pressures as (

    select
        source_system,
        _file_key as file_key,
        _row_number as row_number,
        'Observation' as extract,
        'code' as field,
        'passed_over' as kind,
        'is a blood pressure outside panel 85354-9, which is the only form that measures ask for' as finding
    from {{ source('raw', 'ehr_observation') }}
    where list_has_any(list_transform(code.coding, lambda coding: coding.code), ['8480-6', '8462-4', '55284-4'])
        and not list_contains(list_transform(code.coding, lambda coding: coding.code), '85354-9')

),

pressures as (

    select
        source_system,
        _file_key as file_key,
        _row_number as row_number,
        'Observation' as extract,
        'component' as field,
        'passed_over' as kind,
        'is a blood pressure with a value in another unit than mm[Hg], or in none, and counts as a reading without it' as finding
    from {{ source('raw', 'ehr_observation') }}
    where list_contains(list_transform(code.coding, lambda coding: coding.code), '85354-9')
        and array_length(list_filter(
            component,
            lambda part: list_has_any(list_transform(part.code.coding, lambda said: said.code), ['8480-6', '8462-4'])
                and part.valueQuantity.value is not null
                and coalesce(part.valueQuantity.code, part.valueQuantity.unit, '') not in ('mm[Hg]', 'mmHg')
        )) > 0

),

starts as (

    select
        source_system,
        _file_key as file_key,
        _row_number as row_number,
        'Appointment' as extract,
        'start' as field,
        'unknown' as kind,
        'is missing, and the appointment is never due' as finding
    from {{ source('raw', 'ehr_appointment') }}
    where "start" is null and {{ fhir_status('Appointment') }} in ('fulfilled', 'arrived', 'checked-in', 'noshow', 'booked')

)

{%- for extract, (table, fields) in dates.items() %}
{% set i = loop.index %}
{%- for field in fields %}
select * from dates_{{ i }}_{{ loop.index }}
union all
{%- endfor %}
{%- endfor %}
{%- for extract in patients %}
select * from patients_{{ loop.index }}
union all
{%- endfor %}
{%- for extract in statuses %}
select * from statuses_{{ loop.index }}
union all
{%- endfor %}
select * from sexes
union all
select * from birth_dates
union all
select * from classes
union all
select * from open_visits
union all
select * from supplies
union all
select * from blood_pressures
union all
select * from pressures
union all
select * from starts
