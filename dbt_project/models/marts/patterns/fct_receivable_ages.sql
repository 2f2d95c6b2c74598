{%- set bands = [('0_to_30_days', 0, 31), ('31_to_60_days', 31, 61), ('61_to_90_days', 61, 91), ('91_to_120_days', 91, 121), ('over_120_days', 121, none)] -%}
with

months as (

    {{ month_spine() }}

),

postings as (

    select posted_on, service_on, location_key, payer_class, charge_usd as owed_usd
    from {{ ref('int_money__charges') }}

    union all

    select posted_on, coalesce(service_on, posted_on) as service_on, location_key, payer_class, -amount_usd as owed_usd
    from {{ ref('int_money__movements') }}

),

posted as (

    select
        posted_on,
        service_on,
        location_key,
        payer_class,
        sum(owed_usd) as owed_usd
    from postings
    group by all

),

-- An amount enters a band on one day and leaves it on another, so that a balance is a running sum of steps.
steps as (

    {% for name, enters, leaves in bands %}
    select
        '{{ name }}' as age_band,
        greatest(posted_on, cast({{ dbt.dateadd('day', enters, 'service_on') }} as date)) as step_on,
        location_key,
        payer_class,
        owed_usd
    from posted
    {%- if leaves is not none %}

    union all

    select
        '{{ name }}' as age_band,
        greatest(posted_on, cast({{ dbt.dateadd('day', leaves, 'service_on') }} as date)) as step_on,
        location_key,
        payer_class,
        -owed_usd as owed_usd
    from posted
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

monthly_steps as (

    select
        greatest({{ month_of('step_on') }}, (select min(month_on) from months)) as month_on,
        location_key,
        payer_class,
        age_band,
        sum(owed_usd) as owed_usd
    from steps
    where step_on < {{ as_of_on() }}
    group by all

),

slices as (

    select
        location_key,
        payer_class,
        age_band,
        min(month_on) as first_month_on
    from monthly_steps
    group by all

),

balances as (

    select
        months.month_on,
        slices.location_key,
        slices.payer_class,
        slices.age_band,
        sum(coalesce(monthly_steps.owed_usd, 0)) over (
            partition by slices.location_key, slices.payer_class, slices.age_band
            order by months.month_on
            rows unbounded preceding
        ) as balance_usd
    from slices
    inner join months
        on slices.first_month_on <= months.month_on
    left join monthly_steps
        on months.month_on = monthly_steps.month_on
        and slices.location_key is not distinct from monthly_steps.location_key
        and slices.payer_class = monthly_steps.payer_class
        and slices.age_band = monthly_steps.age_band

)

select
    {{ contract_columns() }}
from balances
