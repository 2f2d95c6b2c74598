{#- MGMA counts the patients of a practice over twelve months. -#}
{%- set seen_months = 12 -%}

with

-- Before the history is that long, patients who came earlier are missing; so is cash for earlier services.
seen as (

    select * from {{ ref('int_activity__patient_months') }}
    where months_since_visit < {{ seen_months }}
        and month_on >= {{ add_months('history_starts_on', seen_months - 1) }}
        and {{ services_are_known('month_on') }}

),

movements as (

    select *, {{ month_of('posted_on') }} as month_on
    from {{ ref('int_money__movements') }}
    where movement_type in ('payer_payment', 'patient_payment')

),

-- Collections belong to the patient, wherever they were earned; those of patients not seen for a year stay where they were earned.
collected as (

    select
        movements.posted_on,
        movements.patient_key,
        movements.payment_key,
        movements.amount_usd,
        case when seen.patient_key is not null then seen.location_key else movements.location_key end as location_key,
        case when seen.patient_key is not null then seen.provider_key else movements.provider_key end as provider_key,
        coalesce(seen.payer_class, movements.payer_class) as payer_class,
        coalesce(seen.patient_segment, movements.patient_segment) as patient_segment
    from movements
    left join seen
        on movements.patient_key = seen.patient_key
        and movements.month_on = seen.month_on
    where movements.month_on >= (select min(month_on) from seen)

)

select
    {{ kpi_row(month_end('month_on'), record_type='patient') }},
    0 as numerator,
    -- A month of a patient is a twelfth of a patient year.
    1 / 12.0 as denominator
from seen

union all

select
    {{ kpi_row('posted_on', 'payment_key') }},
    amount_usd as numerator,
    0 as denominator
from collected
