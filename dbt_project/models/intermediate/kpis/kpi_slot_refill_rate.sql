-- Refilled or not, the slot counts where it was given up: else one rate by site or payer would mix who took with who gave up.
select
    {{ kpi_row('slots.starts_on', 'appointment_key', of='appointments') }},
    case when slots.is_refilled then 1 else 0 end as numerator,
    1 as denominator
from {{ ref('int_activity__slots') }} as slots
inner join {{ ref('int_activity__appointments') }} as appointments
    on slots.given_up_appointment_key = appointments.appointment_key
where slots.starts_on < {{ as_of_on() }} and slots.is_given_up
