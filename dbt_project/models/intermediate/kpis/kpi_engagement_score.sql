select
    {{ kpi_row(month_end('month_on'), record_type='patient') }},
    visit_points + booking_points + portal_points + response_points as numerator,
    1 as denominator
from {{ ref('int_kpis__engagement_parts') }}
where {{ is_known_for(12, ['ehr:Encounter', 'crm:portal_events', 'crm:touches']) }}
