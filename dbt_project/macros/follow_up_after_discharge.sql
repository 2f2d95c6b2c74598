{#-
    Follow-up after discharge as a KPI: seen within `days` days after the day of discharge ÷ discharges. Patients readmitted or
    deceased within these days, without an earlier visit, could not come and are left out.
-#}
{% macro follow_up_after_discharge(days) -%}
select
    {{ kpi_row('discharged_on', 'encounter_key') }},
    case when followed_up_on <= discharged_on + {{ days }} then 1 else 0 end as numerator,
    1 as denominator
from {{ ref('int_activity__discharges') }}
where followed_up_on <= least(discharged_on + {{ days }}, next_admitted_on)
    or not coalesce(least(next_admitted_on, deceased_on) <= discharged_on + {{ days }}, false)
{%- endmacro %}
