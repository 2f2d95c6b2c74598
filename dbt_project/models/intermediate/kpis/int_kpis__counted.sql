{{ config(materialized="table") }}
-- The KPIs' models side by side, read once: `fct_kpis` sums the rows, `fct_kpi_rows` publishes them.
{% for kpi_code in kpi_codes() %}
select
    '{{ kpi_code }}' as kpi_code,
    day_on,
    location_key,
    provider_key,
    payer_class,
    patient_segment,
    patient_key,
    record_type,
    record_key,
    -- As decimals: floats come out differently with the order in which threads add them.
    cast(numerator as decimal(28, 12)) as numerator,
    cast(denominator as decimal(28, 12)) as denominator
from {{ ref('kpi_' ~ kpi_code) }}
{{ 'union all' if not loop.last }}
{% endfor %}
