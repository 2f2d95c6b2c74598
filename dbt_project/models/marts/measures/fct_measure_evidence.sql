{#- The events that a measure looks at, and the FHIR type of each. -#}
{%- set events = {
    'adverse_events': ('AdverseEvent', 'adverse_event_id'),
    'allergies': ('AllergyIntolerance', 'allergy_id'),
    'communications': ('Communication', 'communication_id'),
    'conditions': ('Condition', 'condition_id'),
    'device_requests': ('DeviceRequest', 'device_request_id'),
    'encounters': ('Encounter', 'encounter_id'),
    'immunizations': ('Immunization', 'immunization_id'),
    'medication_requests': ('MedicationRequest', 'medication_request_id'),
    'observations': ('Observation', 'observation_id'),
    'procedures': ('Procedure', 'procedure_id'),
    'service_requests': ('ServiceRequest', 'service_request_id'),
} -%}
with results as (

    select * from {{ ref('int_measures__gaps') }}
    where period_type = 'year' and is_initial_population and evidence_on is not null

),

named as (

    select measure_code, value_set from {{ ref('measure_value_sets') }}
    union
    select measure_code, value_set from {{ ref('measure_direct_codes') }}

),

events as (

    {% for table, (resource_type, id) in events.items() %}
    select
        '{{ resource_type }}' as resource_type,
        source_system,
        {{ id }} as resource_id,
        patient_key,
        value_set,
        {{ evidence_on('events') }} as happened_on
    from {{ ref('int_clinical__' ~ table) }} as events
    union all
    {% endfor %}
    select
        'Observation' as resource_type,
        source_system,
        observation_id as resource_id,
        patient_key,
        'smoking_status' as value_set,
        {{ evidence_on('events') }} as happened_on
    from {{ ref('int_clinical__smoking_statuses') }} as events

),

final as (

    select distinct
        results.measure_code,
        results.group_id,
        results.period_start_on,
        results.patient_key,
        events.resource_type,
        events.source_system,
        events.resource_id
    from results
    inner join named
        on results.measure_code = named.measure_code
    inner join events
        on results.patient_key = events.patient_key
        and results.evidence_on = events.happened_on
        and named.value_set = events.value_set

)

select
    {{ contract_columns() }}
from final
