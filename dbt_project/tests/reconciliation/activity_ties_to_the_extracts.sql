-- Visits, appointments, messages, portal events, answers and tasks, by source: the facts hold every row of the extracts.
{%- set facts = {
    'stg_ehr__encounters': 'fct_encounters',
    'stg_ehr__appointments': 'fct_appointments',
    'stg_crm__touches': 'fct_touches',
    'stg_crm__portal_events': 'fct_portal_events',
    'stg_crm__survey_answers': 'fct_survey_answers',
    'stg_crm__outreach_tasks': 'fct_outreach_tasks',
} %}

with

delivered as (

    {% for staged, fact in facts.items() %}
    select '{{ fact }}' as fact, source_system, count(*) as n_rows from {{ ref(staged) }} group by all
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

published as (

    {% for staged, fact in facts.items() %}
    select '{{ fact }}' as fact, source_system, count(*) as n_rows from {{ ref(fact) }} group by all
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

(select * from delivered except select * from published)
union all
(select * from published except select * from delivered)
