{%- set first, last = 'periods.period_start_on', 'periods.period_end_on' -%}
with

periods as (

    select * from {{ ref('int_measures__periods') }}

),

services as (

    select
        periods.period_key,
        encounters.patient_key,
        'Discharged to hospice' as reason,
        {{ evidence_on('encounters') }} as evidence_on
    from {{ ref('int_clinical__encounters') }} as encounters
    inner join periods
        on {{ ends_during_days('encounters', first, last) }}
    where encounters.value_set = 'encounter_inpatient' and encounters.is_performed and encounters.is_discharged_to_hospice

    union all

    select
        periods.period_key,
        encounters.patient_key,
        'Hospice visit',
        {{ evidence_on('encounters') }}
    from {{ ref('int_clinical__encounters') }} as encounters
    inner join periods
        on {{ overlaps_days('encounters', first, last) }}
    where encounters.value_set = 'hospice_encounter' and encounters.is_performed

    union all

    select
        periods.period_key,
        observations.patient_key,
        'Assessed as being in hospice care',
        {{ evidence_on('observations') }}
    from {{ ref('int_clinical__observations') }} as observations
    inner join periods
        on {{ overlaps_days('observations', first, last) }}
    where
        observations.value_set = 'hospice_care_answer'
        and observations.is_performed
        and list_contains(observations.value_value_sets, 'answer_yes')

    union all

    select
        periods.period_key,
        requests.patient_key,
        'Hospice care ordered',
        {{ evidence_on('requests') }}
    from {{ ref('int_clinical__service_requests') }} as requests
    inner join periods
        on {{ during_days('requests', first, last) }}
    where
        requests.value_set = 'hospice_care_ambulatory'
        and requests.is_active_or_completed
        and requests.is_order
        and not requests.is_not_to_be_done

    union all

    select
        periods.period_key,
        procedures.patient_key,
        'Hospice care given',
        {{ evidence_on('procedures') }}
    from {{ ref('int_clinical__procedures') }} as procedures
    inner join periods
        on {{ overlaps_days('procedures', first, last) }}
    where procedures.value_set = 'hospice_care_ambulatory' and procedures.is_performed

    union all

    select
        periods.period_key,
        conditions.patient_key,
        'Hospice care diagnosis',
        {{ evidence_on('conditions') }}
    from {{ ref('int_clinical__conditions') }} as conditions
    inner join periods
        on {{ overlaps_days('conditions', first, last) }}
    where conditions.value_set = 'hospice_diagnosis' and conditions.is_verified

)

select
    period_key,
    patient_key,
    max(evidence_on) as evidence_on,
    min(reason) as reason
from services
group by period_key, patient_key
