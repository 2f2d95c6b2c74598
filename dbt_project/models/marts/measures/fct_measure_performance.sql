with

results as (

    select * from {{ ref('int_measures__gaps') }}

),

closures as (

    select * from {{ ref('int_gaps__closures') }}

),

profiles as (

    select * from {{ ref('int_patients__profile') }}

),

incentives as (

    select * from {{ ref('int_gaps__incentives') }}

),

measures as (

    select * from {{ ref('measure_catalog') }}

),

years as (

    select distinct
        period_start_on,
        period_end_on
    from {{ ref('int_measures__periods') }}
    where period_type = 'year'

),

-- A completed year is also the twelve months to its December
judged as (

    select
        'year' as reported_as,
        *
    from results
    where period_type = 'year'

    union all

    select
        'rolling' as reported_as,
        *
    from results
    where period_end_on = {{ month_end('period_end_on') }} and period_end_on < {{ as_of_on() }}

),

stood as (

    select
        reported_as as period_type,
        measure_code,
        group_id,
        period_start_on,
        period_end_on,
        patient_key,
        n_denominator,
        n_denominator - n_denominator_exclusion - n_denominator_exception as n_eligible,
        n_numerator,
        cast({{ is_care_gap('judged') }} and gap_status = 'open' as integer) as n_open_gaps,
        cast({{ is_care_gap('judged') }} and gap_status = 'closed' as integer) as n_closed_gaps,
        cast({{ is_care_gap('judged') }} and gap_status = 'excluded' as integer) as n_excluded,
        cast({{ is_care_gap('judged') }} and gap_status = 'not_assessable' as integer) as n_not_assessable,
        0 as n_closures,
        0 as n_closure_days,
        0 as n_paid_closures
    from judged

),

-- For years, and for the last month of twelve months: months add up to years
closed as (

    select
        'rolling' as period_type,
        measure_code,
        group_id,
        {{ add_months(month_of('month_end_on'), -11) }} as period_start_on,
        month_end_on as period_end_on,
        patient_key,
        n_days_open,
        is_last_of_year
    from closures
    where month_end_on < {{ as_of_on() }}

    union all

    select
        'year' as period_type,
        closures.measure_code,
        closures.group_id,
        years.period_start_on,
        years.period_end_on,
        closures.patient_key,
        closures.n_days_open,
        closures.is_last_of_year
    from closures
    inner join years
        on closures.month_end_on between years.period_start_on and years.period_end_on

),

parts as (

    select * from stood

    union all by name

    select
        period_type,
        measure_code,
        group_id,
        period_start_on,
        period_end_on,
        patient_key,
        0 as n_denominator,
        0 as n_eligible,
        0 as n_numerator,
        0 as n_open_gaps,
        0 as n_closed_gaps,
        0 as n_excluded,
        0 as n_not_assessable,
        1 as n_closures,
        n_days_open as n_closure_days,
        cast(is_last_of_year as integer) as n_paid_closures
    from closed

),

final as (

    select
        parts.measure_code,
        parts.group_id,
        parts.period_type,
        parts.period_start_on,
        parts.period_end_on,
        profiles.home_location_key as location_key,
        profiles.primary_provider_key as provider_key,
        profiles.payer_class,
        sum(parts.n_denominator) as n_denominator,
        sum(parts.n_eligible) as n_eligible,
        sum(parts.n_numerator) as n_numerator,
        sum(case when measures.is_inverse then parts.n_eligible - parts.n_numerator else parts.n_numerator end) as n_met,
        sum(parts.n_open_gaps) as n_open_gaps,
        sum(parts.n_closed_gaps) as n_closed_gaps,
        sum(parts.n_excluded) as n_excluded,
        sum(parts.n_not_assessable) as n_not_assessable,
        sum(parts.n_closures) as n_closures,
        sum(parts.n_closure_days) as n_closure_days,
        sum(parts.n_paid_closures * incentives.incentive_usd) as closure_incentive_usd,
        sum(parts.n_open_gaps * incentives.incentive_usd) as open_incentive_usd
    from parts
    inner join profiles
        on parts.patient_key = profiles.patient_key
    inner join measures
        on parts.measure_code = measures.measure_code
    left join incentives
        on profiles.payer_class = incentives.payer_class
        and parts.measure_code = incentives.measure_code
    group by
        parts.measure_code,
        parts.group_id,
        parts.period_type,
        parts.period_start_on,
        parts.period_end_on,
        profiles.home_location_key,
        profiles.primary_provider_key,
        profiles.payer_class

)

select
    {{ contract_columns() }}
from final
