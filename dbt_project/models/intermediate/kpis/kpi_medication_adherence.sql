{#- PQA, Proportion of Days Covered: at least 80 % of the days from the first fill in the period to its end or death. -#}
{%- set period_months = 12 -%}
{%- set origin = "date '2000-01-01'" -%}

with

patients as (

    select
        patients.*,
        persons.birth_date,
        persons.deceased_on
    from {{ ref('int_activity__source_patients') }} as patients
    inner join {{ ref('int_patients__demographics') }} as persons
        on patients.patient_key = persons.patient_key
    where patients.source_record_type = 'ehr_patient'

),

fills as (

    select
        patients.patient_key,
        patients.home_location_key as location_key,
        patients.primary_provider_key as provider_key,
        patients.payer_class,
        patients.patient_segment,
        patients.birth_date,
        {{ dbt.datediff(origin, 'patients.deceased_on', 'day') }} + 1 as dead_from_day,
        coalesce(dispenses.codes, dispenses.code_name) as medication,
        dispenses.dispensed_on as filled_on,
        {{ dbt.datediff(origin, 'dispenses.dispensed_on', 'day') }} as fill_day,
        max(cast(round(dispenses.days_supply) as integer)) as days_supply
    from {{ ref('stg_ehr__medication_dispenses') }} as dispenses
    inner join patients
        on dispenses.source_system = patients.source_system
        and dispenses.patient_id = patients.source_id
    where dispenses.status = 'completed'
        and round(dispenses.days_supply) between 1 and 365
        and dispenses.dispensed_on < {{ as_of_on() }}
        and coalesce(dispenses.codes, dispenses.code_name) is not null
    group by all

),

periods as (

    select
        month_on,
        {{ add_months('month_on', 1 - period_months) }} as starts_on,
        {{ month_end('month_on') }} as ends_on,
        {{ dbt.datediff(origin, add_months('month_on', 1), 'day') }} as until_day
    from ({{ month_spine() }}) as spine
    where {{ month_end('month_on') }} < {{ as_of_on() }} and {{ is_known_for(period_months, ['ehr:MedicationDispense']) }}

),

-- Adults on the first day of the period, whose fills in it count alone.
period_fills as (

    select
        fills.*,
        periods.month_on,
        least(periods.until_day, coalesce(fills.dead_from_day, periods.until_day)) as end_day
    from fills
    inner join periods
        on fills.filled_on between periods.starts_on and periods.ends_on
    where fills.birth_date <= {{ add_months('periods.starts_on', -12 * 18) }}

),

supplied as (

    select
        *,
        (sum(days_supply) over earlier) - days_supply as supplied_before
    from period_fills
    window earlier as (
        partition by patient_key, medication, month_on order by fill_day rows unbounded preceding
    )

),

-- Who fills early takes the old supply first: a fill begins where the one before ends. The latest end is a running maximum, since
-- every day counts once: begin = days supplied so far + max over the fills so far of (day of fill - supplied before it).
covered as (

    select
        *,
        (max(fill_day - supplied_before) over earlier) + supplied_before as covers_from_day
    from supplied
    window earlier as (
        partition by patient_key, medication, month_on order by fill_day rows unbounded preceding
    )

),

therapies as (

    select
        {{ surrogate_key(['patient_key', 'medication']) }} as therapy_key,
        month_on,
        patient_key,
        location_key,
        provider_key,
        payer_class,
        patient_segment,
        count(*) as n_fills,
        max(end_day) - min(fill_day) as n_days,
        sum(greatest(least(covers_from_day + days_supply, end_day) - covers_from_day, 0)) as n_covered
    from covered
    where fill_day < end_day
    group by therapy_key, month_on, patient_key, location_key, provider_key, payer_class, patient_segment

)

select
    {{ kpi_row(month_end('month_on'), 'therapy_key') }},
    case when n_covered >= 0.8 * n_days then 1 else 0 end as numerator,
    1 as denominator
from therapies
-- Two fills on different days, and a treatment period of 91 days or more.
where n_fills >= 2 and n_days >= 91
