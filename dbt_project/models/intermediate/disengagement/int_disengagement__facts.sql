with

facts as (

    select * from {{ ref('int_disengagement__ehr_facts') }}
    union all by name
    select * from {{ ref('int_disengagement__crm_facts') }}
    union all by name
    select * from {{ ref('int_disengagement__billing_facts') }}

)

select
    patient_key,
    fact_type,
    code,
    location_key,
    value,
    event_at,
    -- Without a time of recording, assume that the fact was recorded at once.
    coalesce(recorded_at, event_at) as recorded_at
from facts
where patient_key is not null and event_at is not null
