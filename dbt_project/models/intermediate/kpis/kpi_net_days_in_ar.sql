with

months as (

    {{ month_spine() }}

),

receivables as (

    select
        *,
        {{ add_months('month_on', -2) }} as window_starts_on,
        least({{ month_end('month_on') }}, {{ as_of_on() }} - 1) as window_ends_on
    from {{ ref('int_money__receivables') }}

),

adjusted as (

    select
        {{ month_of('posted_on') }} as month_on,
        location_key,
        provider_key,
        payer_class,
        patient_segment,
        sum(amount_usd) as adjustment_usd
    from {{ ref('int_money__movements') }}
    where movement_type = 'contractual_adjustment' and posted_on < {{ as_of_on() }}
    group by all

),

-- What a class of payers takes off charges, as it was known at the month's end.
remitted as (

    select
        payer_class,
        {{ month_of('first_remitted_on') }} as month_on,
        billed_usd,
        0 as adjustment_usd
    from {{ ref('int_money__claims') }}
    where claim_status <> 'void' and first_remitted_on is not null

    union all

    select
        claims.payer_class,
        {{ month_of('movements.posted_on') }} as month_on,
        0 as billed_usd,
        movements.amount_usd as adjustment_usd
    from {{ ref('int_money__movements') }} as movements
    inner join {{ ref('int_money__claims') }} as claims
        on movements.claim_key = claims.claim_key
    where movements.movement_type = 'contractual_adjustment' and claims.claim_status <> 'void'

),

expected as (

    select
        months.month_on,
        remitted.payer_class,
        least(greatest(sum(remitted.adjustment_usd) / nullif(sum(remitted.billed_usd), 0), 0), 1) as adjusted_share
    from months
    inner join remitted
        on remitted.month_on between {{ add_months('months.month_on', -11) }} and months.month_on
    group by all

),

-- Adjustments of the three months, wherever in the slice's receivables they fall.
quarter_adjusted as (

    select
        months.month_on,
        adjusted.location_key,
        adjusted.provider_key,
        adjusted.payer_class,
        adjusted.patient_segment,
        sum(adjusted.adjustment_usd) as adjustment_usd
    from months
    inner join adjusted
        on adjusted.month_on between {{ add_months('months.month_on', -2) }} and months.month_on
    group by all

)

select
    {{ kpi_row(month_end('receivables.month_on'), record_type='balance', of='receivables', patient='null') }},
    (receivables.balance_usd - receivables.unremitted_usd * coalesce(expected.adjusted_share, 0))
    * ({{ dbt.datediff('receivables.window_starts_on', 'receivables.window_ends_on', 'day') }} + 1) as numerator,
    receivables.quarter_charge_usd - coalesce(quarter_adjusted.adjustment_usd, 0) as denominator
from receivables
left join expected
    on receivables.month_on = expected.month_on
    and receivables.payer_class = expected.payer_class
left join quarter_adjusted
    on receivables.month_on = quarter_adjusted.month_on
    and receivables.location_key is not distinct from quarter_adjusted.location_key
    and receivables.provider_key is not distinct from quarter_adjusted.provider_key
    and receivables.payer_class = quarter_adjusted.payer_class
    and receivables.patient_segment = quarter_adjusted.patient_segment
where receivables.window_ends_on >= receivables.month_on and {{ services_are_known('receivables.month_on') }}
