with

closures as (

    select * from {{ ref('int_gaps__closures') }}
    where
        month_end_on < {{ as_of_on() }}
        and measure_code in (select measure_code from {{ ref('measure_catalog') }} where is_for_outreach)

),

profiles as (

    select
        patient_key,
        home_location_key as location_key,
        primary_provider_key as provider_key,
        payer_class,
        patient_segment
    from {{ ref('int_patients__profile') }}

),

closed_gaps as (

    select
        profiles.*,
        closures.month_end_on,
        {{ care_gap_month_key('closures.month_end_on', of='closures') }} as care_gap_month_key,
        closures.n_days_open
    from closures
    inner join profiles
        on closures.patient_key = profiles.patient_key

)

select
    {{ kpi_row('month_end_on', 'care_gap_month_key') }},
    n_days_open as numerator,
    1 as denominator
from closed_gaps
