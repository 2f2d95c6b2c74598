{{ config(materialized="table") }}

with

gaps as (

    select * from {{ ref('int_gaps__months') }}

),

profiles as (

    select * from {{ ref('int_patients__profile') }}

)

-- Twelve months to a month end that is past; the reporting year counts in its December.
select
    {{ care_gap_month_key('gaps.month_end_on', of='gaps') }} as care_gap_month_key,
    gaps.measure_code,
    gaps.group_id,
    gaps.patient_key,
    gaps.month_end_on as period_end_on,
    profiles.home_location_key as location_key,
    profiles.primary_provider_key as provider_key,
    profiles.payer_class,
    profiles.patient_segment,
    gaps.gap_status = 'closed' as is_closed,
    gaps.is_newly_closed
from gaps
inner join profiles
    on gaps.patient_key = profiles.patient_key
where
    gaps.gap_status in ('open', 'closed')
    and gaps.measure_code in (select measure_code from {{ ref('measure_catalog') }} where is_for_outreach)
