-- Over all months and slices a KPI holds every cent, every appointment and every gap that its definition counts.
with

totals as (

    select
        'net_collection_rate numerator' as total_name,
        (select sum(numerator) from {{ ref('kpi_net_collection_rate') }}) as kpi_total,
        (select sum(amount_usd) from {{ ref('fct_payments') }} where movement_type in ('payer_payment', 'patient_payment')) as fact_total

    union all

    select
        'net_collection_rate denominator',
        (select sum(denominator) from {{ ref('kpi_net_collection_rate') }}),
        (select sum(charge_usd) from {{ ref('fct_charges') }})
        - (select coalesce(sum(amount_usd), 0) from {{ ref('fct_payments') }} where movement_type = 'contractual_adjustment')

    union all

    select
        'no_show_rate denominator',
        (select sum(denominator) from {{ ref('kpi_no_show_rate') }}),
        (select count(*) from {{ ref('fct_appointments') }} where is_due)

    union all

    select
        'care_gap_closure_rate denominator',
        (select sum(denominator) from {{ ref('kpi_care_gap_closure_rate') }}),
        (
            select count(*)
            from {{ ref('fct_measure_results') }}
            where gap_status in ('open', 'closed')
                and period_end_on = {{ month_end('period_end_on') }}
                and period_end_on < {{ as_of_on() }}
        )

    union all

    select
        'receivables today',
        (
            select sum(balance_usd)
            from {{ ref('int_money__receivables') }}
            where month_on = {{ month_of(as_of_on() ~ ' - 1') }}
        ),
        (select sum(charge_usd) from {{ ref('fct_charges') }} where posted_on < {{ as_of_on() }})
        - (select coalesce(sum(amount_usd), 0) from {{ ref('fct_payments') }} where posted_on < {{ as_of_on() }})

)

select *
from totals
where coalesce(kpi_total, 0) <> coalesce(fact_total, 0)
