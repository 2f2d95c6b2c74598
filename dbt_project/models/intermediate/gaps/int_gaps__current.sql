-- The gaps of the reporting year, each with its history up to the last month end
with

statuses as (

    select * from {{ ref('int_gaps__statuses') }}
    where is_reporting_year

),

months as (

    select * from {{ ref('int_gaps__months') }}

),

visits as (

    select
        patient_key,
        min(visit_on) as first_visit_on
    from {{ ref('int_activity__visit_days') }}
    where visit_on >= (select min(period_start_on) from statuses)
    group by patient_key

),

-- After the end of the year, use the state at its end
todays as (

    select
        *,
        least({{ as_of_on() }}, period_end_on) as today_on
    from statuses

),

lived as (

    select
        todays.*,
        months.gap_status as status_before,
        months.opened_on as opened_before_on,
        months.closed_on as closed_before_on,
        coalesce(months.n_openings, 0) as n_openings_before,
        months.month_end_on as before_on,
        visits.first_visit_on,
        todays.gap_status = 'open' and todays.evidence_on < todays.period_start_on as is_outdated,
        coalesce(months.last_done_on, case when is_outdated then todays.evidence_on end) as last_done_on,
        coalesce(months.last_done_value, case when is_outdated then todays.evidence_value end) as last_done_value
    from todays
    left join months
        on todays.measure_code = months.measure_code
        and todays.group_id = months.group_id
        and todays.patient_key = months.patient_key
        and months.month_end_on = {{ month_of('todays.today_on') }} - 1
    left join visits
        on todays.patient_key = visits.patient_key

),

lasting as (

    select
        lived.*,
        cast(lived.last_done_on + to_months(intervals.interval_months) as date) as lasts_until_on
    from lived
    left join {{ ref('measure_intervals') }} as intervals
        on lived.measure_code = intervals.measure_code
        and (intervals.evidence is null or starts_with(lived.last_done_value, intervals.evidence))

),

due as (

    select
        *,
        -- Due at once, however recent the evidence: an insufficient result of this period, or an expired part
        case
            when gap_status = 'open' and due_from_on is not null then due_from_on
            when gap_status != 'open' or evidence_on >= period_start_on then null
            when lasts_until_on <= today_on or coalesce(status_before != 'open', true) then lasts_until_on
        end as due_on
    from lasting

),

judged as (

    select
        *,
        coalesce(due_on > today_on, false) as is_due_later,
        gap_status = 'closed' and (status_before = 'open' or closed_before_on >= period_start_on) as is_closed_in_period,
        gap_status = 'open' and not is_due_later and coalesce(status_before != 'open', true) as is_newly_opened,
        gap_status = 'closed' and coalesce(status_before = 'open', false) as is_newly_closed
    from due

)

select
    measure_code,
    group_id,
    patient_key,
    period_start_on,
    period_end_on,
    today_on,
    gap_status,
    true as has_qualifying_visit,
    evidence_on,
    evidence_value,
    reason,
    measure_version,
    close_by_on,
    is_due_later,
    case
        when gap_status = 'open' and is_due_later then null
        when gap_status = 'open' and status_before = 'open' then opened_before_on
        when gap_status = 'open' and evidence_on > before_on then evidence_on
        when gap_status = 'open' then least(greatest(period_start_on, due_on, first_visit_on), today_on)
        when is_closed_in_period then opened_before_on
    end as opened_on,
    case
        when is_closed_in_period and status_before = 'closed' then closed_before_on
        when is_closed_in_period then greatest(evidence_on, opened_before_on)
        when gap_status = 'closed' then evidence_on
    end as closed_on,
    case when gap_status = 'open' then due_on end as due_on,
    is_newly_opened,
    is_newly_closed,
    cast(n_openings_before + cast(is_newly_opened as integer) as integer) as n_openings
from judged

union all

select
    measure_code,
    group_id,
    patient_key,
    period_start_on,
    period_end_on,
    {{ as_of_on() }} as today_on,
    'not_applicable' as gap_status,
    false as has_qualifying_visit,
    null as evidence_on,
    null as evidence_value,
    'No qualifying visit yet in ' || year(period_start_on) || '; open on ' || month_end_on || ': ' || reason as reason,
    measure_version,
    cast(null as date) as close_by_on,
    false as is_due_later,
    null as opened_on,
    null as closed_on,
    null as due_on,
    false as is_newly_opened,
    false as is_newly_closed,
    0 as n_openings
from {{ ref('int_gaps__unvisited') }}
