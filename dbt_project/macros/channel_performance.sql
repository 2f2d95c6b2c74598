{#- Outbound messages or calls by one channel that arrived ÷ those sent. -#}
{% macro reached_by(channel) -%}
select
    {{ kpi_row('touched_on', 'touch_key') }},
    case when {{ has_arrived('outcome') }} then 1 else 0 end as numerator,
    1 as denominator
from {{ ref('int_engagement__touches') }}
where direction = 'outbound' and channel = '{{ channel }}'
{%- endmacro %}

{#- Outreach by one channel that ended in a booking ÷ outreach by it that was sent: other messages ask for no booking. -#}
{% macro booked_by(channel) -%}
select
    {{ kpi_row('touched_on', 'touch_key') }},
    case when outcome = 'booked' then 1 else 0 end as numerator,
    1 as denominator
from {{ ref('int_engagement__touches') }}
where direction = 'outbound' and channel = '{{ channel }}' and purpose in ('recall', 'care_gap', 'reactivation')
{%- endmacro %}
