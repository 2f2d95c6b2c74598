{{ config(materialized='table') }}
{#- What the other models of this folder read otherwise than it is written, or cannot read: each type of resource is read once. -#}
{%- set sex -%}
    case
        when {{ administrative_sex('gender') }} = 'unknown' and lower(trim(gender)) not in ('unknown', 'u', 'unk')
            then {{ finding('gender', 'unknown', 'is a word that is not known, and is taken for unknown') }}
        when gender <> {{ administrative_sex('gender') }}
            then {{ finding('gender', 'mapped', 'is not written as a FHIR code, and is read as the one that it means') }}
    end
{%- endset -%}

{%- set birth_date -%}
    case
        when {{ birth_day('birthDate') }} is not null and {{ possible_birth_date(birth_day('birthDate')) }} is null
            then {'field': 'birthDate', 'kind': 'unknown', 'finding': {{ impossible_birth_date() }}}
    end
{%- endset -%}

{%- set class -%}
    case
        when {{ fhir_status('Encounter') }} <> 'finished' or status is null or "class".code in {{ act_encounter_codes() }} then null
        when {{ encounter_class('"class"') }} in {{ act_encounter_codes() }}
            then {{ finding('class', 'mapped', 'is a local class, and is read as the one that it means') }}
        else {{ finding('class', 'unknown', 'is not known, and the visit counts: name it in encounter_classes') }}
    end
{%- endset -%}

{%- set death -%}
    case
        when {{ is_no_day('deceasedDateTime') }}
            then {{ finding('deceasedDateTime', 'unknown', 'is the day that databases write for none, and the person counts as living') }}
        when {{ is_in_no_year_that_can_be('deceasedDateTime') }}
            or {{ fhir_date('deceasedDateTime') }} > {{ as_of_on() }} or {{ fhir_date('deceasedDateTime') }} < {{ birth_day('birthDate') }}
            then {{ finding(
                'deceasedDateTime', 'doubtful', 'lies before the birth or after the day of the run, and the person counts as deceased'
            ) }}
    end
{%- endset -%}

{%- set odd_period -%}
    case
        when {{ fhir_status('Encounter') }} <> 'finished' or status is null then null
        when coalesce(period.start, '') = ''
            then {{ finding('period.start', 'unknown', 'is missing though the visit is finished, and it counts on no day') }}
        when {{ fhir_date('period.start') }} > {{ fhir_date('period."end"') }}
            then {{ finding('period.start', 'doubtful', 'is after the end of the visit') }}
    end
{%- endset -%}

{%- set part -%}
    case
        when list_contains(list_transform(records.meta.tag, lambda tag: tag.code), 'SUBSETTED')
            then {{ finding('meta.tag', 'doubtful', 'says SUBSETTED: the record is a part of one, and what was left out counts as not there') }}
    end
{%- endset -%}

{%- set open_visit -%}
    case
        when period."end" is null and {{ fhir_status('Encounter') }} = 'finished'
            then {{ finding('period.end', 'doubtful', 'is missing though the visit is finished') }}
    end
{%- endset -%}

{%- set start -%}
    case
        when "start" is null and {{ fhir_status('Appointment') }} in ('fulfilled', 'arrived', 'checked-in', 'noshow', 'booked')
            then {{ finding('start', 'unknown', 'is missing, and the appointment is never due') }}
    end
{%- endset -%}

{%- set supply -%}
    case
        when daysSupply.value is not null and {{ days_of('daysSupply', without_unit=1) }} is null
            then {{ finding('daysSupply', 'unknown', 'has a unit that is no UCUM unit of time, and the fill counts in no adherence') }}
    end
{%- endset -%}

{#- The measures ask for the profile of US Core, which is panel 85354-9 with both parts in it (QI-Core `USCoreBloodPressureProfile`). -#}
{%- set codes = 'list_transform(code.coding, lambda coding: coding.code)' -%}
{%- set blood_pressure -%}
    case
        when list_has_any({{ codes }}, ['8480-6', '8462-4', '55284-4']) and not list_contains({{ codes }}, '85354-9')
            then {{ finding('code', 'passed_over', 'is a blood pressure outside panel 85354-9, which is the only form that measures ask for') }}
    end
{%- endset -%}

{%- set in_words -%}
    case
        when valueQuantity.value is null and regexp_matches(valueString, '^\s*[<>=]*\s*[0-9]+([.,/][0-9]+)*\s*[^0-9\s]{0,8}\s*$')
            then {{ finding('valueString', 'passed_over', 'is a number in words, and measures that ask for a value read none') }}
    end
{%- endset -%}

{%- set pressure -%}
    case
        when list_contains({{ codes }}, '85354-9')
            and array_length(list_filter(
                component,
                lambda part: list_has_any(list_transform(part.code.coding, lambda said: said.code), ['8480-6', '8462-4'])
                    and part.valueQuantity.value is not null
                    and coalesce(part.valueQuantity.code, part.valueQuantity.unit, '') not in ('mm[Hg]', 'mmHg')
            )) > 0
            then {{ finding(
                'component',
                'passed_over',
                'is a blood pressure with a value in another unit than mm[Hg], or in none, and counts as a reading without it'
            ) }}
    end
{%- endset -%}

{%- set ambiguous = 'is ambiguous: several patients have the identifier that it names' -%}

{#- By type of resource: its table, the fields that are dates, its reference to a patient, and what else is looked at. -#}
{%- set extracts = {
    'Patient': ('ehr_patient', ['birthDate', 'deceasedDateTime'], none, [sex, birth_date, death]),
    'Encounter': (
        'ehr_encounter', ['period.start', 'period."end"'], 'subject',
        [status_finding('Encounter'), class, open_visit, odd_period],
    ),
    'Appointment': (
        'ehr_appointment', ['start', '"end"', 'created'], none, [status_finding('Appointment'), start],
    ),
    'Condition': ('ehr_condition', ['onsetDateTime', 'onsetPeriod.start', 'abatementDateTime', 'recordedDate'], 'subject', []),
    'Observation': (
        'ehr_observation', ['effectiveDateTime', 'effectiveInstant', 'effectivePeriod.start', 'effectivePeriod."end"'], 'subject',
        [
            status_finding('Observation'), blood_pressure, pressure, in_words,
            undated_finding('Observation', 'effectiveDateTime', [
                'effectiveDateTime', 'effectiveInstant', 'effectivePeriod."end"', 'effectivePeriod.start'
            ]),
        ],
    ),
    'Procedure': (
        'ehr_procedure', ['performedDateTime', 'performedPeriod.start', 'performedPeriod."end"'], 'subject',
        [
            status_finding('Procedure'),
            undated_finding('Procedure', 'performedDateTime', ['performedDateTime', 'performedPeriod."end"', 'performedPeriod.start']),
        ],
    ),
    'Immunization': (
        'ehr_immunization', ['occurrenceDateTime'], 'patient',
        [status_finding('Immunization'), undated_finding('Immunization', 'occurrenceDateTime', ['occurrenceDateTime'])],
    ),
    'MedicationRequest': ('ehr_medication_request', ['authoredOn'], 'subject', [status_finding('MedicationRequest')]),
    'MedicationDispense': (
        'ehr_medication_dispense', ['whenHandedOver', 'whenPrepared'], 'subject',
        [status_finding('MedicationDispense'), supply],
    ),
    'ServiceRequest': ('ehr_service_request', ['authoredOn'], 'subject', [status_finding('ServiceRequest')]),
    'DeviceRequest': ('ehr_device_request', ['authoredOn'], 'subject', [status_finding('DeviceRequest')]),
    'Coverage': ('ehr_coverage', ['period.start', 'period."end"'], 'beneficiary', []),
    'AllergyIntolerance': ('ehr_allergy_intolerance', ['onsetDateTime', 'lastOccurrence', 'recordedDate'], 'patient', []),
    'Communication': ('ehr_communication', ['sent'], none, [status_finding('Communication')]),
    'AdverseEvent': ('ehr_adverse_event', ['date'], none, []),
    'Task': ('ehr_task', ['executionPeriod."end"', 'authoredOn'], none, [status_finding('Task')]),
} -%}
with

patients as (

    select source_system, id from {{ source('raw', 'ehr_patient') }}

),

-- Who takes part by an identifier that several patients have.
doubtful_guests as (

    select distinct
        guests.source_system,
        guests.id
    from (
        select source_system, id, unnest(participant).actor as actor from {{ source('raw', 'ehr_appointment') }}
    ) as guests
    {{ with_named('Patient', 'guests.actor', of='guests') }}
    where patient_named.is_ambiguous and coalesce({{ type_of('guests.actor.reference') }}, 'Patient') = 'Patient'

),

booked as (

    select distinct
        appointments.source_system,
        appointments.booking_id
    from {{ ref('stg_ehr__appointments') }} as appointments
    inner join patients on appointments.source_system = patients.source_system and appointments.patient_id = patients.id

),
{%- for extract, (table, dates, patient, others) in extracts.items() %}

{{ table }} as (

    select
        records.source_system,
        records._file_key as file_key,
        records._row_number as row_number,
        '{{ extract }}' as extract,
        {%- for field in dates %}
        {{ date_finding(field) }} as date_{{ loop.index }},
        {%- endfor %}
        {%- for other in others %}
        {{ other }} as other_{{ loop.index }},
        {%- endfor %}
        {{ part }} as part,
        {%- if extract == 'Appointment' %}
        case
            when booked.booking_id is not null then null
            when doubtful_guests.id is not null then {{ finding('participant', 'unmatched', ambiguous) }}
            else {{ finding('participant', 'unmatched', 'names no patient that was delivered') }}
        end as unmatched
        {%- elif patient %}
        case
            when patients.id is not null then null
            when patient_named.is_ambiguous then {{ finding(patient, 'unmatched', ambiguous) }}
            else {{ finding(patient, 'unmatched', 'names no patient that was delivered') }}
        end as unmatched
        {%- else %}
        null as unmatched
        {%- endif %}
    from {{ source('raw', table) }} as records
    {%- if extract == 'Appointment' %}
    left join booked on records.source_system = booked.source_system and records.id = booked.booking_id
    left join doubtful_guests on records.source_system = doubtful_guests.source_system and records.id = doubtful_guests.id
    {%- endif %}
    {%- if patient %}
    {{ with_named('Patient', 'records.' ~ patient, of='records') }}
    left join patients
        on records.source_system = patients.source_system and {{ patient_of('records.' ~ patient ~ '.reference') }} = patients.id
    {%- endif %}

),
{%- endfor %}

found as (
{% for extract, (table, dates, patient, others) in extracts.items() %}
    {%- set findings = ['unmatched', 'part'] %}
    {%- for _ in dates %}{% do findings.append('date_' ~ loop.index) %}{% endfor %}
    {%- for _ in others %}{% do findings.append('other_' ~ loop.index) %}{% endfor %}
    select source_system, extract, file_key, row_number, unnest([{{ findings | join(', ') }}]) as found
    from {{ table }}
    where coalesce({{ findings | join(', ') }}) is not null
    {{ 'union all' if not loop.last }}
{%- endfor %}

)

select
    source_system,
    file_key,
    row_number,
    extract,
    found.field as field,
    found.kind as kind,
    found.finding as finding
from found
where found is not null
