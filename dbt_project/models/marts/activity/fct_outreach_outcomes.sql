select
    cast(outcome_id as varchar) as outcome_id,
    cast(patient_key as bigint) as patient_key,
    cast(provider_key as bigint) as provider_key,
    cast(location_key as bigint) as location_key,
    cast(payer_class as varchar) as payer_class,
    cast(patient_segment as varchar) as patient_segment,
    cast(listed_on as date) as listed_on,
    cast(recorded_at as timestamptz) as recorded_at,
    cast(recorded_on as date) as recorded_on,
    cast(channel as varchar) as channel,
    cast(outcome as varchar) as outcome,
    cast(note_code as varchar) as note_code,
    cast(recorded_by as varchar) as recorded_by,
    cast(is_person_reached as boolean) as is_person_reached
from {{ ref('int_engagement__outreach_outcomes') }}
