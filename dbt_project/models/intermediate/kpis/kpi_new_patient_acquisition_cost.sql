with

new_patients as (

    select
        {{ kpi_slice('visit_on') }},
        count(*) as n_new_patients
    from {{ ref('int_activity__visit_days') }}
    where is_new_patient
    group by all

),

spend as (

    select
        spend.month_on,
        locations.location_key,
        sum(spend.amount_usd) as amount_usd
    from {{ ref('stg_crm__marketing_spend') }} as spend
    left join {{ ref('int_activity__named_locations') }} as locations
        on spend.location_id = locations.location_id
    group by all

),

-- A site's spend is shared evenly by its new patients, the practice's by all new patients of the month.
shares as (

    select
        *,
        sum(n_new_patients) over (partition by month_on, location_key) as n_of_site,
        sum(n_new_patients) over (partition by month_on) as n_of_practice
    from new_patients

),

first_month as (

    select {{ add_months('min(history_starts_on)', var('active_months')) }} as month_on
    from {{ ref('int_activity__visit_days') }}

),

parts as (

    select
        shares.month_on,
        shares.location_key,
        shares.provider_key,
        shares.payer_class,
        shares.patient_segment,
        shares.n_new_patients * (
            coalesce(site_spend.amount_usd / shares.n_of_site, 0) + coalesce(practice_spend.amount_usd / shares.n_of_practice, 0)
        ) as numerator,
        shares.n_new_patients as denominator
    from shares
    left join spend as site_spend
        on shares.month_on = site_spend.month_on
        and shares.location_key = site_spend.location_key
    left join spend as practice_spend
        on shares.month_on = practice_spend.month_on
        and practice_spend.location_key is null

    union all

    -- Spent, and nobody came.
    select
        spend.month_on,
        spend.location_key,
        null as provider_key,
        'unknown' as payer_class,
        'unknown' as patient_segment,
        spend.amount_usd as numerator,
        0 as denominator
    from spend
    left join shares
        on spend.month_on = shares.month_on
        and coalesce(spend.location_key = shares.location_key, spend.location_key is null)
    where shares.month_on is null
        and spend.month_on >= (select month_on from first_month)
        and spend.month_on < {{ as_of_on() }}

)

select
    month_on,
    location_key,
    provider_key,
    payer_class,
    patient_segment,
    sum(numerator) as numerator,
    sum(denominator) as denominator
from parts
group by all
