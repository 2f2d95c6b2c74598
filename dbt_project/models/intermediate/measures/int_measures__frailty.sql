{%- set first, last = 'periods.period_start_on', 'periods.period_end_on' -%}
with

periods as (

    select * from {{ ref('int_measures__periods') }}

),

signs as (

    select
        periods.period_key,
        requests.patient_key,
        'device ordered' as reason,
        {{ evidence_on('requests') }} as evidence_on
    from {{ ref('int_clinical__device_requests') }} as requests
    inner join periods
        on {{ during_days('requests', first, last) }}
    where
        requests.value_set = 'frailty_device'
        and requests.is_active_or_completed
        and requests.is_order
        and not requests.is_not_to_be_done

    union all

    select
        periods.period_key,
        observations.patient_key,
        'device in use',
        {{ evidence_on('observations') }}
    from {{ ref('int_clinical__observations') }} as observations
    inner join periods
        on {{ ends_during_days('observations', first, last) }}
    where
        observations.value_set = 'medical_equipment_used'
        and observations.is_performed
        and list_contains(observations.value_value_sets, 'frailty_device')

    union all

    select
        periods.period_key,
        conditions.patient_key,
        'diagnosis',
        {{ evidence_on('conditions') }}
    from {{ ref('int_clinical__conditions') }} as conditions
    inner join periods
        on {{ overlaps_days('conditions', first, last) }}
    where conditions.value_set = 'frailty_diagnosis' and conditions.is_verified

    union all

    select
        periods.period_key,
        encounters.patient_key,
        'care visit',
        {{ evidence_on('encounters') }}
    from {{ ref('int_clinical__encounters') }} as encounters
    inner join periods
        on {{ overlaps_days('encounters', first, last) }}
    where encounters.value_set = 'frailty_encounter' and encounters.is_performed

    union all

    select
        periods.period_key,
        observations.patient_key,
        'symptom',
        {{ evidence_on('observations') }}
    from {{ ref('int_clinical__observations') }} as observations
    inner join periods
        on {{ overlaps_days('observations', first, last) }}
    -- A symptom counts from its preliminary report on
    where observations.value_set = 'frailty_symptom' and (observations.is_performed or observations.status = 'preliminary')

)

select
    period_key,
    patient_key,
    max(evidence_on) as evidence_on,
    min(reason) as reason
from signs
group by period_key, patient_key
