{#-
    Follow-up after discharge as a KPI: seen within `days` days after the day of discharge ÷ discharges. Who was admitted again or
    died within these days, without a visit before, could not come and is left out.
-#}
{% macro follow_up_after_discharge(days) -%}
select
    {{ kpi_slice('discharged_on') }},
    count(*) filter (where followed_up_on <= discharged_on + {{ days }}) as numerator,
    count(*) as denominator
from {{ ref('int_activity__discharges') }}
where followed_up_on <= least(discharged_on + {{ days }}, next_admitted_on)
    or not coalesce(least(next_admitted_on, deceased_on) <= discharged_on + {{ days }}, false)
group by all
{%- endmacro %}
