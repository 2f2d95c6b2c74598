{%- set first, last = 'periods.period_start_on', 'periods.period_end_on' -%}
with

periods as (

    select * from {{ ref('int_measures__periods') }}

),

care as (

    select
        periods.period_key,
        observations.patient_key,
        'Assessed in palliative care' as reason,
        {{ evidence_on('observations') }} as evidence_on
    from {{ ref('int_clinical__observations') }} as observations
    inner join periods
        on {{ overlaps_days('observations', first, last) }}
    where observations.value_set = 'palliative_assessment' and observations.is_performed

    union all

    select
        periods.period_key,
        conditions.patient_key,
        'Palliative care diagnosis',
        {{ evidence_on('conditions') }}
    from {{ ref('int_clinical__conditions') }} as conditions
    inner join periods
        on {{ overlaps_days('conditions', first, last) }}
    where conditions.value_set = 'palliative_care_diagnosis' and conditions.is_verified

    union all

    select
        periods.period_key,
        encounters.patient_key,
        'Palliative care visit',
        {{ evidence_on('encounters') }}
    from {{ ref('int_clinical__encounters') }} as encounters
    inner join periods
        on {{ overlaps_days('encounters', first, last) }}
    where encounters.value_set = 'palliative_care_encounter' and encounters.is_performed

    union all

    select
        periods.period_key,
        procedures.patient_key,
        'Palliative care given',
        {{ evidence_on('procedures') }}
    from {{ ref('int_clinical__procedures') }} as procedures
    inner join periods
        on {{ overlaps_days('procedures', first, last) }}
    where procedures.value_set = 'palliative_care_intervention' and procedures.is_performed

)

select
    period_key,
    patient_key,
    max(evidence_on) as evidence_on,
    min(reason) as reason
from care
group by period_key, patient_key
