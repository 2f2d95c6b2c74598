{{ config(materialized="table") }}

{#- Where the first rows of an extract lie in time. Claims, payments, denials and write-offs follow charges, and
    outreach tasks follow messages: a month without them had none. -#}
{%- set histories = {
    'ehr:Appointment': ('stg_ehr__appointments', 'starts_on'),
    'ehr:Encounter': ('stg_ehr__encounters', 'started_on'),
    'ehr:MedicationDispense': ('stg_ehr__medication_dispenses', 'dispensed_on'),
    'crm:consents': ('stg_crm__consents', 'recorded_on'),
    'crm:marketing_spend': ('stg_crm__marketing_spend', 'month_on'),
    'crm:open_slots': ('stg_crm__open_slots', 'snapshot_on'),
    'crm:portal_events': ('stg_crm__portal_events', 'event_on'),
    'crm:referrals': ('stg_crm__referrals', 'created_on'),
    'crm:survey_answers': ('stg_crm__survey_answers', 'answered_on'),
    'crm:touches': ('stg_crm__touches', 'touched_on'),
    'billing:collection_costs': ('stg_billing__collection_costs', 'month_on'),
    'billing:charges': ('stg_billing__charges', 'service_on'),
    'billing:eligibility_checks': ('stg_billing__eligibility_checks', 'checked_on'),
} -%}

{% for required_extract, (staged, day) in histories.items() %}
select
    '{{ required_extract }}' as required_extract,
    -- One row in a thousand may be older: a single slip of the keyboard does not make the history long.
    {{ month_of('percentile_disc(0.001) within group (order by ' ~ day ~ ')') }} as history_starts_on
from {{ ref(staged) }}
{{ 'union all' if not loop.last }}
{% endfor %}
