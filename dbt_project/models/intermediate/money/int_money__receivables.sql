{%- set slice = 'location_key, provider_key, payer_class, patient_segment' -%}
with

months as (

    {{ month_spine() }}

),

-- What is owed rises with charges and falls with payments, adjustments and write-offs.
postings as (

    select posted_on, service_on, charge_usd, charge_usd as owed_usd, {{ slice }}
    from {{ ref('int_money__charges') }}

    union all

    select posted_on, coalesce(service_on, posted_on) as service_on, 0 as charge_usd, -amount_usd as owed_usd, {{ slice }}
    from {{ ref('int_money__movements') }}

),

-- A posting is over 90 days old from the first month end more than 90 days after its service. So the balance of every month end is a
-- running sum of steps, without repeating claims for each month.
steps as (

    select posted_on as step_on, charge_usd, owed_usd, 0 as aged_usd, 0 as unremitted_usd, {{ slice }}
    from postings

    union all

    select
        greatest(posted_on, cast({{ dbt.dateadd('day', 91, 'service_on') }} as date)) as step_on,
        0 as charge_usd,
        0 as owed_usd,
        owed_usd as aged_usd,
        0 as unremitted_usd,
        {{ slice }}
    from postings

    union all

    select posted_on as step_on, 0 as charge_usd, 0 as owed_usd, 0 as aged_usd, change_usd as unremitted_usd, {{ slice }}
    from {{ ref('int_money__unremitted_charges') }}

),

monthly_steps as (

    select
        greatest({{ month_of('step_on') }}, (select min(month_on) from months)) as month_on,
        {{ slice }},
        sum(charge_usd) as charge_usd,
        sum(owed_usd) as owed_usd,
        sum(aged_usd) as aged_usd,
        sum(unremitted_usd) as unremitted_usd
    from steps
    where step_on < {{ as_of_on() }}
    group by all

),

slices as (

    select
        {{ slice }},
        min(month_on) as first_month_on
    from monthly_steps
    group by all

),

first_charges as (

    select {{ month_of('min(posted_on)') }} as history_starts_on
    from {{ ref('int_money__charges') }}

)

select
    months.month_on,
    slices.location_key,
    slices.provider_key,
    slices.payer_class,
    slices.patient_segment,
    first_charges.history_starts_on,
    coalesce(monthly_steps.charge_usd, 0) as charge_usd,
    sum(coalesce(monthly_steps.charge_usd, 0)) over (slice_months rows between 2 preceding and current row) as quarter_charge_usd,
    sum(coalesce(monthly_steps.owed_usd, 0)) over (slice_months rows unbounded preceding) as balance_usd,
    sum(coalesce(monthly_steps.aged_usd, 0)) over (slice_months rows unbounded preceding) as over_90_days_usd,
    sum(coalesce(monthly_steps.unremitted_usd, 0)) over (slice_months rows unbounded preceding) as unremitted_usd
from slices
inner join months
    on slices.first_month_on <= months.month_on
inner join first_charges
    on true
left join monthly_steps
    on months.month_on = monthly_steps.month_on
    and slices.location_key is not distinct from monthly_steps.location_key
    and slices.provider_key is not distinct from monthly_steps.provider_key
    and slices.payer_class = monthly_steps.payer_class
    and slices.patient_segment = monthly_steps.patient_segment
window slice_months as (
    partition by slices.location_key, slices.provider_key, slices.payer_class, slices.patient_segment
    order by months.month_on
)
