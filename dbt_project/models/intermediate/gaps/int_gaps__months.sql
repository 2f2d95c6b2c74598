-- The history of a gap by month end, each judged by the twelve months before it
with

statuses as (

    select * from {{ ref('int_gaps__statuses') }}
    where is_past_month_end

),

-- Without the texts, which would go through every sort: they are joined back at the end
months as (

    select
        measure_code,
        group_id,
        patient_key,
        period_end_on as month_end_on,
        {{ month_of('period_end_on') }} as month_on,
        gap_status,
        evidence_on,
        last_value(
            case
                when gap_status = 'closed' then {'done_on': evidence_on, 'value': evidence_value}
                -- A service that is too old to count was still done
                when gap_status = 'open' and evidence_on < period_start_on then {'done_on': evidence_on, 'value': evidence_value}
            end
            ignore nulls
        ) over life as last_done,
        case
            when lag(period_end_on) over life = {{ month_of('period_end_on') }} - 1 then lag(gap_status) over life
        end as status_before,
        coalesce(gap_status != status_before, true) as is_new_status
    from statuses
    window life as (partition by measure_code, group_id, patient_key order by period_end_on)

),

due as (

    select
        months.*,
        cast(months.last_done.done_on + to_months(intervals.interval_months) as date) as due_on,
        first_month.month_on as first_month_on
    from months
    cross join (select min(month_on) as month_on from months) as first_month
    left join {{ ref('measure_intervals') }} as intervals
        on months.measure_code = intervals.measure_code
        and (intervals.evidence is null or starts_with(months.last_done.value, intervals.evidence))

),

runs as (

    select
        *,
        is_new_status and gap_status = 'open' as is_opening,
        is_new_status and gap_status = 'closed' and coalesce(status_before = 'open', false) as is_closing,
        -- The day on record; otherwise only the month is known
        case
            when evidence_on between month_on and month_end_on then evidence_on
            when due_on between month_on and month_end_on then due_on
            when month_on = first_month_on and due_on < month_on then due_on
            else month_on
        end as opening_on
    from due

),

lives as (

    select
        *,
        max(case when is_opening then month_end_on end) over life as last_opening_end_on,
        last_value(case when is_opening then opening_on end ignore nulls) over life as last_opened_on,
        last_value(case when is_closing then evidence_on end ignore nulls) over life as last_closed_on,
        max(case when is_closing then month_end_on end) over life as last_closing_end_on,
        last_value(case when is_new_status then month_end_on end ignore nulls) over life as run_started_on,
        count(*) filter (where is_opening) over life as n_openings
    from runs
    window life as (partition by measure_code, group_id, patient_key order by month_end_on)

)

select
    lives.measure_code,
    lives.group_id,
    lives.patient_key,
    lives.month_end_on,
    lives.gap_status,
    lives.evidence_on,
    statuses.evidence_value,
    statuses.reason,
    statuses.measure_version,
    lives.last_done.done_on as last_done_on,
    lives.last_done.value as last_done_value,
    lives.due_on,
    -- For a closed gap: when it opened before it was closed, if it was ever seen open
    case
        when lives.gap_status = 'open' or lives.last_closing_end_on = lives.run_started_on then lives.last_opened_on
    end as opened_on,
    case
        when lives.gap_status = 'closed' and lives.last_closing_end_on = lives.run_started_on
            then greatest(lives.last_closed_on, lives.last_opened_on)
    end as closed_on,
    lives.is_opening as is_newly_opened,
    lives.is_closing as is_newly_closed,
    cast(lives.n_openings as integer) as n_openings
from lives
inner join statuses
    on lives.measure_code = statuses.measure_code
    and lives.group_id = statuses.group_id
    and lives.patient_key = statuses.patient_key
    and lives.month_end_on = statuses.period_end_on
