{#- The dimensions of `fct_kpis`: the month that `day` falls in, and whom the row is about. -#}
{% macro kpi_slice(day) -%}
    {{ month_of(day) }} as month_on,
    location_key,
    provider_key,
    payer_class,
    patient_segment
{%- endmacro %}
