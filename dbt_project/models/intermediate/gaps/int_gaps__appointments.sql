-- The next booked visit, and the next one in person
with

booked as (

    select * from {{ ref('int_activity__appointments') }}
    where final_status = 'booked' and starts_on >= {{ as_of_on() }}

),

providers as (

    select * from {{ ref('int_reference__providers') }}

),

kinds as (

    select 'any_visit' as closes_at
    union all
    select 'visit_in_person' as closes_at

)

select
    booked.patient_key,
    kinds.closes_at,
    booked.starts_at,
    booked.starts_on,
    booked.provider_key,
    nullif(concat_ws(' ', providers.first_name, providers.last_name), '') as provider_name
from booked
inner join kinds
    on kinds.closes_at = 'any_visit' or not booked.is_telehealth
left join providers
    on booked.provider_key = providers.provider_key
where booked.patient_key is not null
qualify row_number() over (
    partition by booked.patient_key, kinds.closes_at
    order by booked.starts_at, booked.appointment_key
) = 1
