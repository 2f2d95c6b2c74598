with

signs as (

    {{ events_in_periods('device_requests', 'device ordered', is_in=during_days) }}
    where
        device_requests.value_set = 'frailty_device'
        and device_requests.is_active_or_completed
        and device_requests.is_order
        and not device_requests.is_not_to_be_done

    union all

    {{ events_in_periods('observations', 'device in use', is_in=ends_during_days) }}
    where
        observations.value_set = 'medical_equipment_used'
        and observations.is_performed
        and list_contains(observations.value_value_sets, 'frailty_device')

    union all

    {{ events_in_periods('conditions', 'diagnosis', is_in=overlaps_days) }}
    where conditions.value_set = 'frailty_diagnosis' and conditions.is_verified

    union all

    {{ events_in_periods('encounters', 'care visit', is_in=overlaps_days) }}
    where encounters.value_set = 'frailty_encounter' and encounters.is_performed

    union all

    {{ events_in_periods('observations', 'symptom', is_in=overlaps_days) }}
    -- A symptom counts from its preliminary report on
    where observations.value_set = 'frailty_symptom' and (observations.is_performed or observations.status = 'preliminary')

)

{{ latest_evidence('signs') }}
