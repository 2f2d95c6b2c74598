{{ config(materialized="table") }}

with

gaps as (

    select * from {{ ref('int_measures__gaps') }}

),

profiles as (

    select * from {{ ref('int_patients__profile') }}

)

-- Twelve months to a month end that is past; the reporting year counts in its December.
select
    {{ care_gap_month_key('gaps.period_end_on', of='gaps') }} as care_gap_month_key,
    gaps.measure_code,
    gaps.group_id,
    gaps.patient_key,
    gaps.period_end_on,
    profiles.home_location_key as location_key,
    profiles.primary_provider_key as provider_key,
    profiles.payer_class,
    profiles.patient_segment,
    gaps.gap_status = 'closed' as is_closed,
    coalesce(
        gaps.gap_status = 'closed'
        and lag(gaps.gap_status) over patient_measure = 'open'
        and lag(gaps.period_end_on) over patient_measure = {{ month_of('gaps.period_end_on') }} - 1,
        false
    ) as is_newly_closed
from gaps
inner join profiles
    on gaps.patient_key = profiles.patient_key
where {{ is_care_gap('gaps') }}
    and gaps.gap_status in ('open', 'closed')
    and gaps.period_end_on = {{ month_end('gaps.period_end_on') }}
    and gaps.period_end_on < {{ as_of_on() }}
window patient_measure as (partition by gaps.measure_code, gaps.group_id, gaps.patient_key order by gaps.period_end_on)
