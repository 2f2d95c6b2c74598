-- Every past month end as known now, beside its first published version
with

months as (

    select * from {{ ref('int_gaps__months') }}

),

published as (

    select published.*
    from {{ ref('stg_landing__published_gap_months') }} as published
    inner join {{ ref('int_measures__periods') }} as periods
        on published.month_end_on = periods.period_end_on
    inner join {{ ref('int_patients__profile') }} as profiles
        on published.patient_key = profiles.patient_key

),

-- A measure not published for a month cannot have been restated
publications as (

    select
        measure_code,
        month_end_on,
        min(measure_version) as measure_version,
        min(published_at) as published_at
    from published
    group by measure_code, month_end_on

),

compared as (

    select
        coalesce(months.measure_code, published.measure_code) as measure_code,
        coalesce(months.group_id, published.group_id) as group_id,
        coalesce(months.patient_key, published.patient_key) as patient_key,
        coalesce(months.month_end_on, published.month_end_on) as month_end_on,
        coalesce(months.gap_status, 'not_applicable') as gap_status,
        months.evidence_on,
        months.opened_on,
        months.closed_on,
        coalesce(months.is_newly_opened, false) as is_newly_opened,
        coalesce(months.is_newly_closed, false) as is_newly_closed,
        coalesce(months.n_openings, 0) as n_openings,
        coalesce(months.measure_version, published.measure_version) as measure_version,
        published.gap_status as status_then
    from months
    full outer join published
        on months.measure_code = published.measure_code
        and months.group_id = published.group_id
        and months.patient_key = published.patient_key
        and months.month_end_on = published.month_end_on

),

restated as (

    select
        compared.*,
        publications.published_at,
        case
            when publications.published_at is null then compared.gap_status
            else coalesce(compared.status_then, 'not_applicable')
        end as published_gap_status,
        publications.measure_version as published_version
    from compared
    left join publications
        on compared.measure_code = publications.measure_code
        and compared.month_end_on = publications.month_end_on

),

final as (

    select
        *,
        {{ care_gap_month_key('restated.month_end_on', of='restated') }} as care_gap_month_key,
        gap_status != published_gap_status as is_restated,
        case
            when gap_status = published_gap_status then null
            when measure_version != published_version then 'measure version'
            else 'late data'
        end as restatement_reason
    from restated

)

select
    {{ contract_columns() }}
from final
