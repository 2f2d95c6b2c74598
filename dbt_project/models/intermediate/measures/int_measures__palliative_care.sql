with

care as (

    {{ events_in_periods('observations', 'Assessed in palliative care', is_in=overlaps_days) }}
    where observations.value_set = 'palliative_assessment' and observations.is_performed

    union all

    {{ events_in_periods('conditions', 'Palliative care diagnosis', is_in=overlaps_days) }}
    where conditions.value_set = 'palliative_care_diagnosis' and conditions.is_verified

    union all

    {{ events_in_periods('encounters', 'Palliative care visit', is_in=overlaps_days) }}
    where encounters.value_set = 'palliative_care_encounter' and encounters.is_performed

    union all

    {{ events_in_periods('procedures', 'Palliative care given', is_in=overlaps_days) }}
    where procedures.value_set = 'palliative_care_intervention' and procedures.is_performed

)

{{ latest_evidence('care') }}
