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
        (select coalesce(sum(charge_usd), 0) from {{ ref('fct_charges') }})
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
            from {{ ref('fct_care_gap_months') }}
            where gap_status in ('open', 'closed') and measure_code in (select measure_code from {{ ref('dim_measures') }} where is_for_outreach)
        )

    union all

    select
        'gap closures of the past months',
        (select sum(denominator) from {{ ref('kpi_days_to_gap_closure') }}),
        (select count(*) from {{ ref('fct_care_gap_months') }} where is_newly_closed and measure_code in (select measure_code from {{ ref('dim_measures') }} where is_for_outreach))

    union all

    select
        'closed and open gaps of the reporting year',
        (
            select sum(n_open_gaps + n_closed_gaps)
            from {{ ref('fct_measure_performance') }}
            where period_type = 'year' and period_end_on = (select max(period_end_on) from {{ ref('fct_care_gaps') }})
        ),
        (select count(*) from {{ ref('fct_care_gaps') }} where gap_status in ('open', 'closed'))

    union all

    select
        'receivables today',
        (
            select sum(balance_usd)
            from {{ ref('int_money__receivables') }}
            where month_on = {{ month_of(as_of_on() ~ ' - 1') }}
        ),
        (select coalesce(sum(charge_usd), 0) from {{ ref('fct_charges') }} where posted_on < {{ as_of_on() }})
        - (select coalesce(sum(amount_usd), 0) from {{ ref('fct_payments') }} where posted_on < {{ as_of_on() }})

)

select *
from totals
where coalesce(kpi_total, 0) <> coalesce(fact_total, 0)
