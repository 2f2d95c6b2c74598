with

new_patients as (

    select *, {{ month_of('visit_on') }} as month_on
    from {{ ref('int_activity__visit_days') }}
    where is_new_patient

),

spend as (

    select * from {{ ref('int_kpis__marketing_spend') }}

),

spend_months as (

    select
        month_on,
        location_key,
        sum(amount_usd) as amount_usd
    from spend
    group by all

),

-- A site's spend is shared evenly by its new patients, the practice's by all new patients of the month.
shares as (

    select
        new_patients.*,
        count(*) over (partition by month_on, location_key) as n_of_site,
        count(*) over (partition by month_on) as n_of_practice
    from new_patients

),

first_month as (

    select {{ add_months('min(history_starts_on)', var('active_months')) }} as month_on
    from {{ ref('int_activity__visit_days') }}

)

select
    {{ kpi_row('shares.visit_on', record_type='patient', of='shares') }},
    coalesce(site_spend.amount_usd / shares.n_of_site, 0) + coalesce(practice_spend.amount_usd / shares.n_of_practice, 0) as numerator,
    1 as denominator
from shares
left join spend_months as site_spend
    on shares.month_on = site_spend.month_on
    and shares.location_key = site_spend.location_key
left join spend_months as practice_spend
    on shares.month_on = practice_spend.month_on
    and practice_spend.location_key is null

union all

-- Spent, and nobody came.
select
    {{ kpi_row('month_on', 'spend_key', patient='null') }},
    amount_usd as numerator,
    0 as denominator
from spend
where month_on >= (select month_on from first_month)
    and not exists (
        select 1
        from new_patients
        where spend.month_on = new_patients.month_on
            and coalesce(spend.location_key = new_patients.location_key, spend.location_key is null)
    )
