{#- Which measures a KPI adds up. -#}
{%- set kpis = {
    'care_gap_closure_rate': 'is_for_outreach',
    'days_to_gap_closure': 'is_for_outreach',
    'minutes_per_closed_gap': 'is_for_outreach',
    'preventive_care_rate': 'is_preventive',
} -%}
with missing as (

    select distinct
        catalog.measure_code,
        catalog.is_preventive,
        catalog.is_for_outreach
    from {{ ref('measure_catalog') }} as catalog
    inner join {{ ref('int_measures__missing_value_sets') }} as missing_value_sets
        on catalog.measure_code = missing_value_sets.measure_code

)

{% for kpi_code, condition in kpis.items() %}
select
    '{{ kpi_code }}' as kpi_code,
    string_agg(measure_code, ', ' order by cast(substr(measure_code, 4) as integer)) as measures
from missing
where {{ condition }}
having count(*) > 0
{{ 'union all' if not loop.last }}
{% endfor %}
