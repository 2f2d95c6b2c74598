with

patients as (

    select * from {{ ref('int_activity__source_patients') }}
    where source_record_type = 'ehr_patient'

),

fills as (

    select
        patients.patient_key,
        patients.home_location_key as location_key,
        patients.primary_provider_key as provider_key,
        patients.payer_class,
        patients.patient_segment,
        coalesce(dispenses.codes[1], dispenses.code_name) as medication,
        dispenses.handed_over_on,
        max(cast(dispenses.days_supply as integer)) as days_supply
    from {{ ref('stg_ehr__medication_dispenses') }} as dispenses
    inner join patients
        on dispenses.source_system = patients.source_system
        and dispenses.patient_id = patients.source_id
    where dispenses.status = 'completed'
        and dispenses.days_supply between 1 and 365
        and dispenses.handed_over_on < {{ as_of_on() }}
        and coalesce(dispenses.codes[1], dispenses.code_name) is not null
        and patients.patient_key is not null
    group by all

),

ordered as (

    select
        *,
        sum(days_supply) over earlier - days_supply as supplied_before,
        {{ dbt.datediff("date '2000-01-01'", 'handed_over_on', 'day') }} as fill_day,
        min(handed_over_on) over therapy as started_on
    from fills
    window
        therapy as (partition by patient_key, medication),
        earlier as (partition by patient_key, medication order by handed_over_on rows unbounded preceding)

),

-- Who fills early takes the old supply first: a fill begins where the one before ends. The latest end is a running maximum, since
-- every day counts once: end = days supplied so far + max over the fills so far of (day of fill - supplied before it).
covered as (

    select
        *,
        max(fill_day - supplied_before) over earlier + supplied_before as covers_from_day,
        max(fill_day - supplied_before) over earlier + supplied_before + days_supply as covers_until_day
    from ordered
    window earlier as (partition by patient_key, medication order by handed_over_on rows unbounded preceding)

),

months as (

    select
        month_on,
        {{ dbt.datediff("date '2000-01-01'", 'month_on', 'day') }} as month_from_day,
        {{ dbt.datediff("date '2000-01-01'", add_months('month_on', 1), 'day') }} as month_until_day
    from ({{ month_spine() }}) as spine
    where {{ month_end('month_on') }} < {{ as_of_on() }}

),

therapies as (

    select
        {{ surrogate_key(['patient_key', 'medication']) }} as therapy_key,
        patient_key,
        medication,
        location_key,
        provider_key,
        payer_class,
        patient_segment,
        min(fill_day) as first_day
    from covered
    group by all

),

covered_months as (

    select
        covered.patient_key,
        covered.medication,
        months.month_on,
        sum(
            least(covered.covers_until_day, months.month_until_day) - greatest(covered.covers_from_day, months.month_from_day)
        ) as n_covered
    from covered
    inner join months
        on covered.covers_from_day < months.month_until_day
        and covered.covers_until_day > months.month_from_day
    group by all

),

fill_months as (

    select
        patient_key,
        medication,
        {{ month_of('handed_over_on') }} as month_on,
        count(*) as n_fills
    from covered
    group by all

),

therapy_months as (

    select
        therapies.*,
        months.month_on,
        months.month_until_day,
        months.month_until_day - greatest(therapies.first_day, min(months.month_from_day) over year_of_months) as n_days,
        sum(coalesce(covered_months.n_covered, 0)) over year_of_months as n_covered,
        sum(coalesce(fill_months.n_fills, 0)) over year_of_months as n_fills
    from therapies
    inner join months
        on therapies.first_day < months.month_until_day
    left join covered_months
        on therapies.patient_key = covered_months.patient_key
        and therapies.medication = covered_months.medication
        and months.month_on = covered_months.month_on
    left join fill_months
        on therapies.patient_key = fill_months.patient_key
        and therapies.medication = fill_months.medication
        and months.month_on = fill_months.month_on
    window year_of_months as (
        partition by therapies.patient_key, therapies.medication order by months.month_on rows between 11 preceding and current row
    )

)

select
    {{ kpi_row(month_end('month_on'), 'therapy_key') }},
    case when n_covered >= 0.8 * n_days then 1 else 0 end as numerator,
    1 as denominator
from therapy_months
-- Two fills in the year, and a treatment period of 91 days or more, as PQA asks.
where n_fills >= 2 and n_days >= 91
