{#- Who left hospital in the last 30 days, was not seen since, and has no visit within 14 days of it: the newest discharge. -#}
with

discharges as (

    select * from {{ ref('int_activity__discharges') }}
    where
        discharged_on >= {{ as_of_on() }} - 30
        and followed_up_on is null
        -- Back in hospital, or transferred.
        and next_admitted_on is null
    qualify row_number() over (partition by patient_key order by discharged_on desc, encounter_key desc) = 1

),

visits as (

    select * from {{ ref('int_patients__visits') }}

)

select
    discharges.patient_key,
    'left hospital on ' || cast(discharges.discharged_on as varchar)
    || case
        when visits.next_appointment_at is null then ', no visit booked'
        else ', no visit before ' || cast({{ practice_date('visits.next_appointment_at') }} as varchar)
    end as finding,
    -- Two business days, as transitional care management has it.
    discharges.discharged_on + case extract(isodow from discharges.discharged_on) when 4 then 4 when 5 then 4 when 6 then 3 else 2 end as due_on
from discharges
left join visits
    on discharges.patient_key = visits.patient_key
where coalesce({{ practice_date('visits.next_appointment_at') }} > discharges.discharged_on + 14, true)
