{{ config(materialized='ephemeral', contract={'enforced': false}) }}
{#- The gaps of the current measurement year that are open now, and that a later service can still close. -#}
with

results as (

    select * from {{ ref('fct_measure_results') }}
    where gap_status = 'open' and period_type = 'year'

)

select
    results.patient_key,
    count(distinct results.measure_code) as n_open_gaps,
    string_agg(distinct results.measure_code || ' ' || measures.title, '; ' order by results.measure_code || ' ' || measures.title)
        as open_gaps,
    list(distinct results.measure_code order by results.measure_code) as measure_codes,
    list(distinct measures.title order by measures.title) as titles,
    list(distinct measures.title order by measures.title) filter (where measures.is_preventive) as preventive_titles,
    arg_min(coalesce(actions.next_action, measures.next_action), (results.measure_code, results.group_id)) as first_action
from results
inner join {{ ref('dim_measures') }} as measures
    on results.measure_code = measures.measure_code
inner join {{ ref('fct_care_gaps') }} as gaps
    on results.measure_code = gaps.measure_code
    and results.group_id = gaps.group_id
    and results.patient_key = gaps.patient_key
left join {{ ref('measure_actions') }} as actions
    on results.measure_code = actions.measure_code
    and {{ shows_finding('results.reason', 'actions.finding') }}
where gaps.is_closable and measures.is_for_outreach and results.period_start_on = (select max(period_start_on) from results)
group by results.patient_key
