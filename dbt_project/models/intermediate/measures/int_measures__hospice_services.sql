with

services as (

    {{ events_in_periods('encounters', 'Discharged to hospice', is_in=ends_during_days) }}
    where encounters.value_set = 'encounter_inpatient' and encounters.is_performed and encounters.is_discharged_to_hospice

    union all

    {{ events_in_periods('encounters', 'Hospice visit', is_in=overlaps_days) }}
    where encounters.value_set = 'hospice_encounter' and encounters.is_performed

    union all

    {{ events_in_periods('observations', 'Assessed as being in hospice care', is_in=overlaps_days) }}
    where
        observations.value_set = 'hospice_care_answer'
        and observations.is_performed
        and list_contains(observations.value_value_sets, 'answer_yes')

    union all

    {{ events_in_periods('service_requests', 'Hospice care ordered', is_in=during_days) }}
    where
        service_requests.value_set = 'hospice_care_ambulatory'
        and service_requests.is_active_or_completed
        and service_requests.is_order
        and not service_requests.is_not_to_be_done

    union all

    {{ events_in_periods('procedures', 'Hospice care given', is_in=overlaps_days) }}
    where procedures.value_set = 'hospice_care_ambulatory' and procedures.is_performed

    union all

    {{ events_in_periods('conditions', 'Hospice care diagnosis', is_in=overlaps_days) }}
    where conditions.value_set = 'hospice_diagnosis' and conditions.is_verified

)

{{ latest_evidence('services') }}
