-- Open at the last month end, of the right age for the reporting year, and not yet seen in it
with

statuses as (

    select * from {{ ref('int_measures__gaps') }}

),

months as (

    select * from {{ ref('int_gaps__months') }}

),

measures as (

    select * from {{ ref('measure_catalog') }}

),

patient_periods as (

    select patient_periods.*
    from {{ ref('int_measures__patient_periods') }} as patient_periods
    inner join {{ ref('int_measures__periods') }} as periods
        on patient_periods.period_key = periods.period_key
    where periods.period_type = 'year' and periods.period_end_on >= {{ as_of_on() }}

)

select
    months.measure_code,
    months.group_id,
    months.patient_key,
    patient_periods.period_start_on,
    patient_periods.period_end_on,
    months.month_end_on,
    months.reason,
    months.measure_version
from months
inner join measures
    on months.measure_code = measures.measure_code
inner join patient_periods
    on months.patient_key = patient_periods.patient_key
left join statuses
    on months.measure_code = statuses.measure_code
    and months.patient_key = statuses.patient_key
    and patient_periods.period_start_on = statuses.period_start_on
where
    months.gap_status = 'open'
    and months.month_end_on = {{ month_of(as_of_on()) }} - 1
    and statuses.measure_code is null
    and patient_periods.deceased_on is null
    -- A gap of a single visit or referral ends with it
    and measures.basis = 'patient'
    and measures.closes_at != 'elsewhere'
    and case measures.age_at when 'start' then patient_periods.age_at_start else patient_periods.age_at_end end
    between coalesce(measures.min_age, 0) and coalesce(measures.max_age, 200)
